package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Quantity;
import dev.telepath.client.config.Setting;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.install.ObjectKey;
import dev.telepath.client.kubernetes.ApiServer;
import dev.telepath.client.kubernetes.KubeOptions;
import dev.telepath.client.output.Progress;
import dev.telepath.client.output.Terminal;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** What commands on the installation in a cluster have in common: where it is, and how long it may take. */
abstract class InstallationCommand extends Command {
    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NAME",
            defaultValue = "",
            description = "namespace of the manager (default telepath)")
    String namespace = "";

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "5m",
            description = "how long it may take (default ${DEFAULT-VALUE})")
    String timeout = "5m";

    @CommandLine.ArgGroup(exclusive = false, heading = "The way through Kubernetes, as kubectl has it:%n")
    KubeFlags kube = new KubeFlags();

    InstallationCommand(Console console) {
        super(console);
    }

    @Override
    Map<Setting, String> settingFlags() {
        Map<Setting, String> flags = new EnumMap<>(Setting.class);
        GlobalOptions.put(flags, Setting.MANAGER_NAMESPACE, kube.managerNamespace);
        GlobalOptions.put(flags, Setting.MANAGER_NAMESPACE, namespace);
        return flags;
    }

    final String namespace(Invocation invocation) {
        return invocation.settings().text(Setting.MANAGER_NAMESPACE);
    }

    final Duration timeout() {
        try {
            return Quantity.duration(timeout);
        } catch (IllegalArgumentException e) {
            throw new Failure(Kind.USAGE, "--timeout: " + e.getMessage(), "--timeout 5m", e);
        }
    }

    /** Something that is done at an API server, with progress. */
    interface Work<T> {
        T at(ApiServer api, KubeOptions options, Progress progress);
    }

    final <T> T at(Invocation invocation, Work<T> work) {
        KubeOptions options = options(invocation);
        Terminal terminal = Terminal.detect(invocation.console().environment());
        var mode = Progress.Mode.of(invocation.settings().text(Setting.PROGRESS), terminal);
        try (ApiServer api = ApiServer.open(options, invocation.settings().duration(Setting.KUBERNETES_LOGIN_TIMEOUT));
                var progress = new Progress(invocation.console().err(), mode)) {
            return work.at(api, options, progress);
        }
    }

    private KubeOptions options(Invocation invocation) {
        try {
            return kube.options(invocation.console().environment()).required();
        } catch (Failure none) {
            throw new Failure(
                    Kind.USAGE,
                    "there is no kubeconfig that leads to a cluster",
                    "--kubeconfig FILE, KUBECONFIG or ~/.kube/config",
                    none);
        }
    }

    static void keys(ArrayNode into, List<ObjectKey> keys) {
        keys.forEach(each -> {
            ObjectNode row = into.addObject();
            row.put("kind", each.kind().kind())
                    .put("namespace", each.namespace())
                    .put("name", each.name());
        });
    }
}
