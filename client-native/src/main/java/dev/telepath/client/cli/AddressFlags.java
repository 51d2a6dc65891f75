package dev.telepath.client.cli;

import dev.telepath.client.config.Setting;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.util.Map;
import picocli.CommandLine.Option;

/** The flags that name a manager at an address. */
final class AddressFlags {
    @Option(
            names = "--manager",
            paramLabel = "HOST:PORT",
            defaultValue = "",
            description = "where the manager listens; http://host:port for a clear-text one")
    String manager = "";

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            defaultValue = "",
            description = "file that holds the join token (or TELEPATH_TOKEN, TELEPATH_TOKEN_FILE)")
    String tokenFile = "";

    /**
     * @throws Failure of kind USAGE when a way through Kubernetes is named besides
     */
    void exclude(KubeFlags kube) {
        if (!manager.isEmpty() && kube.given()) {
            throw new Failure(
                    Kind.USAGE,
                    "--manager names an address, the flags of a kubeconfig another way",
                    "give one of the two");
        }
    }

    void put(Map<Setting, String> flags) {
        GlobalOptions.put(flags, Setting.MANAGER, manager);
        GlobalOptions.put(flags, Setting.TOKEN_FILE, tokenFile);
    }
}
