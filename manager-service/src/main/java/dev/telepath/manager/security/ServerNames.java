package dev.telepath.manager.security;

import dev.telepath.manager.settings.ManagerSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The DNS names that a server is reached by, beyond those that every server has. */
public final class ServerNames {
    private static final Path NAMESPACE = Path.of("/var/run/secrets/kubernetes.io/serviceaccount/namespace");
    private static final String DEFAULT_NAMESPACE = "telepath";

    private ServerNames() {}

    /** Names for the certificate. In Kubernetes agents and the API server use those of the Service. */
    public static List<String> of(ManagerSettings settings) {
        var names = new ArrayList<>(settings.serverNames().orElse(List.of()));
        if (settings.kubernetes().enabled()) {
            String inNamespace = settings.kubernetes().service() + "." + namespace(settings);
            String domain = settings.clusterDomain().replaceAll("^\\.|\\.$", "");
            names.addAll(List.of(
                    settings.kubernetes().service(),
                    inNamespace,
                    inNamespace + ".svc",
                    inNamespace + ".svc." + domain));
        }
        return names.stream().distinct().toList();
    }

    /** The manager's namespace: as set, else that of its pod, else {@code telepath}. Blocks on a small file. */
    public static String namespace(ManagerSettings settings) {
        return settings.kubernetes().namespace().orElseGet(() -> {
            try {
                return Files.readString(NAMESPACE).strip();
            } catch (IOException e) {
                return DEFAULT_NAMESPACE;
            }
        });
    }
}
