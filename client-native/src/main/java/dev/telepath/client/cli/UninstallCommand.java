package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.kubernetes.install.Uninstaller;
import dev.telepath.client.output.Printer;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code tp uninstall}. */
@CommandLine.Command(
        name = "uninstall",
        description = "take away what tp install has installed, and agents that came on demand; nothing is left")
final class UninstallCommand extends InstallationCommand {
    @Option(names = "--keep-agents", description = "leave agents in their pods, where they forward to their workloads")
    boolean keepAgents;

    UninstallCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        Uninstaller.Done done = at(
                invocation,
                (api, options, progress) ->
                        new Uninstaller(api, namespace(invocation), progress::say).run(keepAgents, timeout()));
        return invocation.print(json(invocation, done), printer -> text(invocation, printer, done));
    }

    private ObjectNode json(Invocation invocation, Uninstaller.Done done) {
        ObjectNode node = Invocation.args()
                .put("namespace", namespace(invocation))
                .put("removed_namespace", done.namespaceRemoved());
        keys(node.putArray("removed"), done.removed());
        ArrayNode agents = node.putArray("agents_removed");
        done.agents().forEach(agents::add);
        ArrayNode staying = node.putArray("agents_staying");
        done.staying().forEach(staying::add);
        return node;
    }

    private void text(Invocation invocation, Printer printer, Uninstaller.Done done) {
        printer.line("Uninstalled from namespace " + namespace(invocation)
                + (done.namespaceRemoved() ? ", which was removed" : "") + ": "
                + done.removed().size() + " objects");
        done.agents().forEach(each -> printer.line("Agent taken out: " + each));
        if (!done.namespaceUsed().isEmpty()) {
            printer.line("The namespace stays: there is " + done.namespaceUsed() + " in it");
        }
        done.staying()
                .forEach(each -> printer.line(
                        "Agent stays by annotation: " + each + "; kubectl rollout restart makes pods without it"));
    }
}
