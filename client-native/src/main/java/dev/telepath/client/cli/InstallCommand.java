package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.install.Chart;
import dev.telepath.client.install.Manifests;
import dev.telepath.client.install.Values;
import dev.telepath.client.install.Yaml;
import dev.telepath.client.kubernetes.install.Installer;
import dev.telepath.client.output.Printer;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code tp install}. */
@CommandLine.Command(
        name = "install",
        description = "install the manager in a cluster, with the values of its chart; wait until it works")
class InstallCommand extends InstallationCommand {
    @CommandLine.ArgGroup(exclusive = false, heading = "Values of the chart, as helm takes them:%n")
    ValueFlags values = new ValueFlags();

    @Option(names = "--dry-run", description = "print the objects as YAML; asks no cluster")
    boolean dryRun;

    @Option(
            names = "--create-namespace",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "make the namespace where there is none (default; --no-create-namespace does not)")
    boolean createNamespace = true;

    InstallCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        ObjectNode given = values.given();
        Installer.Order order = order(given);
        if (order.earlier() != Installer.Earlier.REUSE) {
            // Before the cluster is asked for anything.
            Values.of(Chart.own(), given);
        }
        if (dryRun) {
            return dryRun(invocation, order);
        }
        long began = System.nanoTime();
        Installer.Done done = at(
                invocation,
                (api, options, progress) -> new Installer(
                                api, options, invocation.settings(), namespace(invocation), progress::say)
                        .run(order));
        long seconds = (System.nanoTime() - began) / 1_000_000_000;
        return invocation.print(json(invocation, done), printer -> text(invocation, printer, done, seconds));
    }

    Installer.Order order(ObjectNode given) {
        return new Installer.Order(given, true, false, Installer.Earlier.RESET, createNamespace, timeout());
    }

    private int dryRun(Invocation invocation, Installer.Order order) {
        if (order.earlier() == Installer.Earlier.REUSE) {
            throw new Failure(
                    Kind.USAGE,
                    "--dry-run asks no cluster, so it does not know the values of before",
                    "leave --reuse-values out and give all values");
        }
        Chart chart = Chart.own();
        Manifests.of(Values.of(chart, order.given()), chart.version(), namespace(invocation))
                .forEach(each -> invocation.console().out().print(Yaml.document(each)));
        invocation.console().out().flush();
        return 0;
    }

    private ObjectNode json(Invocation invocation, Installer.Done done) {
        ObjectNode node = Invocation.args()
                .put("namespace", namespace(invocation))
                .put("created_namespace", done.createdNamespace())
                .put("version", done.version())
                .put("upgraded", done.upgraded())
                .put("manager", done.manager())
                .put("webhook", done.webhook());
        keys(node.putArray("objects"), done.objects());
        keys(node.putArray("pruned"), done.pruned());
        return node;
    }

    private void text(Invocation invocation, Printer printer, Installer.Done done, long seconds) {
        String namespace = namespace(invocation);
        printer.line("Telepath " + done.version() + (done.upgraded() ? " upgraded" : " installed") + " in namespace "
                + namespace + (done.createdNamespace() ? ", which was created" : "") + ": "
                + done.objects().size() + " objects"
                + (done.pruned().isEmpty() ? "" : ", " + done.pruned().size() + " removed") + ", in " + seconds
                + " s");
        if (done.manager().isEmpty()) {
            printer.line("No manager runs: replicaCount is 0");
            return;
        }
        printer.line("Manager: ready, and answers through the API server (" + done.manager() + ")");
        printer.line("Webhook: " + (done.webhook().isEmpty() ? "off, agentInjector.enabled is false" : done.webhook()));
        printer.line("Next: tp connect" + (namespace.equals("telepath") ? "" : " --manager-namespace " + namespace));
    }
}
