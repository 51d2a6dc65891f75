package dev.telepath.manager.cli;

import dev.telepath.manager.security.Installation;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.tunnel.transport.EventLoops;
import io.quarkus.runtime.Quarkus;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Flags of {@code serve}. */
final class ServeOptions {
    private static final String PREFIX = "telepath.manager.";
    /** Of Quarkus, whose default is twice the processors. */
    private static final String EVENT_LOOPS = "quarkus.vertx.event-loops-pool-size";

    @Mixin
    private CommonOptions common;

    @Option(names = "--host", paramLabel = "ADDRESS", description = "Address to listen on (default: 0.0.0.0).")
    private @Nullable String host;

    @Option(names = "--port", paramLabel = "PORT", description = "TLS port, 0 takes a free one (default: 8443).")
    private @Nullable Integer port;

    @Option(
            names = "--legacy-port",
            paramLabel = "PORT",
            description = "Clear-text port for Telepresence peers, 0 takes a free one (default: off).")
    private @Nullable Integer legacyPort;

    @Option(
            names = "--kubernetes",
            description = "Serve the workloads of the cluster that this runs in, and inject agents into them.")
    private boolean kubernetes;

    int serve() throws Exception {
        set("host", host);
        set("port", port);
        set("legacy-port", legacyPort);
        set("kubernetes.enabled", kubernetes ? true : null);
        ManagerSettings settings = common.settings();
        Installation installation = CommonOptions.open(settings);
        System.setProperty(PREFIX + "data-dir", installation.directory().toString());
        if (installation.created()) {
            System.setProperty(ManagerApplication.CREATED, "true");
        }
        System.setProperty(EVENT_LOOPS, String.valueOf(EventLoops.number(settings.threads())));
        int[] code = {0};
        Quarkus.run(ManagerApplication.class, (exit, failure) -> {
            code[0] = exit;
            if (failure != null) {
                System.err.println("telepath-manager: cannot start: " + cause(failure));
            }
        });
        return code[0];
    }

    private static String cause(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }

    private static void set(String key, @Nullable Object value) {
        if (value != null) {
            System.setProperty(PREFIX + key, value.toString());
        }
    }
}
