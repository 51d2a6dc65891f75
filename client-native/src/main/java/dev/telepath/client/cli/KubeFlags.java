package dev.telepath.client.cli;

import dev.telepath.client.kubernetes.KubeOptions;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** The flags of {@code kubectl} for how the API server is reached. */
final class KubeFlags {
    @Option(
            names = "--manager-namespace",
            paramLabel = "NAME",
            defaultValue = "",
            description = "namespace of the manager (default telepath)")
    String managerNamespace = "";

    @Option(
            names = "--kubeconfig",
            paramLabel = "FILE",
            defaultValue = "",
            description = "the kubeconfig (default KUBECONFIG, ~/.kube/config, a pod's service account)")
    String kubeconfig = "";

    @Option(names = "--context", paramLabel = "NAME", defaultValue = "", description = "context of the kubeconfig")
    String context = "";

    @Option(names = "--cluster", paramLabel = "NAME", defaultValue = "", description = "cluster of the kubeconfig")
    String cluster = "";

    @Option(names = "--user", paramLabel = "NAME", defaultValue = "", description = "user of the kubeconfig")
    String user = "";

    @Option(names = "--as", paramLabel = "USER", defaultValue = "", description = "user to act as")
    String as = "";

    @Option(names = "--as-group", paramLabel = "GROUP", description = "group to act as; may be repeated")
    List<String> asGroups = new ArrayList<>();

    @Option(names = "--server", paramLabel = "URL", defaultValue = "", description = "address of the API server")
    String server = "";

    @Option(names = "--token", paramLabel = "TOKEN", defaultValue = "", description = "bearer token for the API server")
    String token = "";

    @Option(
            names = "--tls-server-name",
            paramLabel = "NAME",
            defaultValue = "",
            description = "name that the API server's certificate has")
    String tlsServerName = "";

    @Option(
            names = "--insecure-skip-tls-verify",
            description = "do not check the API server's certificate (the manager's is checked all the same)")
    boolean insecure;

    @Option(
            names = "--request-timeout",
            paramLabel = "TIME",
            defaultValue = "",
            description = "of one request to the API server (default 10s)")
    String requestTimeout = "";

    /** Whether any of them was given. */
    boolean given() {
        return insecure
                || !asGroups.isEmpty()
                || !(managerNamespace
                                + kubeconfig
                                + context
                                + cluster
                                + user
                                + as
                                + server
                                + token
                                + tlsServerName
                                + requestTimeout)
                        .isEmpty();
    }

    /** With the files that apply in this environment. */
    KubeOptions options(Map<String, String> environment) {
        return new KubeOptions(
                files(environment),
                !kubeconfig.isEmpty(),
                context,
                cluster,
                user,
                as,
                asGroups,
                server,
                token,
                tlsServerName,
                insecure,
                requestTimeout);
    }

    private List<String> files(Map<String, String> environment) {
        if (!kubeconfig.isEmpty()) {
            return List.of(absolute(kubeconfig));
        }
        List<String> files = new ArrayList<>();
        for (String each : environment.getOrDefault("KUBECONFIG", "").split(File.pathSeparator)) {
            if (!each.isBlank()) {
                files.add(absolute(each));
            }
        }
        Path usual = Path.of(environment.getOrDefault("HOME", System.getProperty("user.home", ".")), ".kube", "config");
        if (files.isEmpty() && Files.isRegularFile(usual)) {
            files.add(usual.toString());
        }
        return files;
    }

    private static String absolute(String file) {
        return Path.of(file).toAbsolutePath().toString();
    }
}
