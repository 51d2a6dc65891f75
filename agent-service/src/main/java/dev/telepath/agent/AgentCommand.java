package dev.telepath.agent;

import dev.telepath.agent.redirect.RedirectCommand;
import dev.telepath.agent.settings.Setting;
import dev.telepath.agent.settings.SettingsSources;
import io.quarkus.runtime.Quarkus;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Options of the agent; they end as system properties, which Quarkus then reads. */
@Command(
        name = "telepath-agent",
        mixinStandardHelpOptions = true,
        versionProvider = AgentVersion.class,
        subcommands = {RedirectCommand.class, AwaitCommand.class},
        sortOptions = false,
        description =
                "Guards the ports of a workload; forwards them, diverts or copies them while a client engages them.",
        footer = {
            "",
            "Every setting can also be given as telepath.agent.KEY in the file of --config, or as TELEPATH_AGENT_KEY in the"
                    + " environment. Order: option, environment, file, default. docs/agent.md lists them all.",
            "Exit codes: 0 ended, 1 a port is in use, 2 a setting is wrong."
        })
final class AgentCommand implements Callable<Integer> {
    static final int WRONG_SETTING = 2;
    static final int CANNOT_LISTEN = 1;

    @Option(
            names = "--manager",
            paramLabel = "HOST:PORT",
            description = "The manager; http://HOST:PORT for clear text.")
    @Nullable
    String manager;

    @Option(names = "--token-file", paramLabel = "FILE", description = "File with the join token.")
    @Nullable
    String tokenFile;

    @Option(
            names = "--ca-fingerprint",
            paramLabel = "HEX",
            description = "SHA-256 of the manager's CA, where the token file has a bearer token alone.")
    @Nullable
    String caFingerprint;

    @Option(names = "--name", paramLabel = "NAME", description = "Name of the workload.")
    @Nullable
    String name;

    @Option(names = "--namespace", paramLabel = "NAME", description = "Namespace of the workload (default).")
    @Nullable
    String namespace;

    @Option(
            names = "--port",
            paramLabel = "PORT[@LISTEN]=HOST:TARGET[/tcp|udp][:NAME]",
            description = "A port to listen on (0 = any; at LISTEN where given) in front of the workload's HOST:TARGET;"
                    + " repeatable.")
    @Nullable
    List<String> ports;

    @Option(names = "--host", paramLabel = "ADDRESS", description = "Address the ports listen on (0.0.0.0).")
    @Nullable
    String host;

    @Option(names = "--env", paramLabel = "NAME", description = "Variable that the workload lends; repeatable.")
    @Nullable
    List<String> env;

    @Option(names = "--env-file", paramLabel = "FILE", description = "KEY=VALUE lines: the workload's environment.")
    @Nullable
    String envFile;

    @Option(names = "--env-prefix", paramLabel = "PREFIX", description = "Lend all variables that start so.")
    @Nullable
    String envPrefix;

    @Option(
            names = "--env-copies",
            paramLabel = "PREFIX",
            description = "Variables with this prefix are copies of the workload's: lend all, without it.")
    @Nullable
    String envCopies;

    @Option(names = "--share", paramLabel = "PATH", description = "File or directory to lend, absolute; repeatable.")
    @Nullable
    List<String> share;

    @Option(
            names = "--share-writable",
            paramLabel = "PATH",
            description = "The same, and clients may change what is there; repeatable.")
    @Nullable
    List<String> shareWritable;

    @Option(
            names = "--share-local",
            paramLabel = "PATH",
            description = "Path that is not lent, and that clients are to have of their own; repeatable.")
    @Nullable
    List<String> shareLocal;

    @Option(names = "--http-port", paramLabel = "PORT", description = "Health and metrics (0 = any).")
    @Nullable
    String httpPort;

    @Option(names = "--http-host", paramLabel = "ADDRESS", description = "Address of health and metrics (127.0.0.1).")
    @Nullable
    String httpHost;

    @Option(
            names = "--api-port",
            paramLabel = "PORT",
            description = "Serve clients that reach the agent directly, clear text (off; 0 = any).")
    @Nullable
    String apiPort;

    @Option(names = "--address", paramLabel = "ADDRESS", description = "Address told to the manager.")
    @Nullable
    String address;

    @Option(names = "--kind", paramLabel = "KIND", description = "Kind of the workload (Deployment).")
    @Nullable
    String kind;

    @Option(names = "--config", paramLabel = "FILE", description = "Settings in properties format.")
    @Nullable
    Path config;

    @Override
    public Integer call() {
        Map<String, String> merged;
        try {
            merged = new SettingsSources(System.getenv()).merge(flags(), config);
        } catch (IllegalArgumentException e) {
            return fail(WRONG_SETTING, String.valueOf(e.getMessage()));
        }
        merged.forEach(System::setProperty);
        Optional<String> taken = httpTaken(merged);
        if (taken.isPresent()) {
            return fail(CANNOT_LISTEN, taken.get());
        }
        Quarkus.run(AgentApplication.class);
        return 0;
    }

    private Map<String, String> flags() {
        var flags = new HashMap<String, String>();
        put(flags, Setting.MANAGER, manager);
        put(flags, Setting.TOKEN_FILE, tokenFile);
        put(flags, Setting.CA_FINGERPRINT, caFingerprint);
        put(flags, Setting.ENV_COPIES, envCopies);
        put(flags, Setting.KIND, kind);
        put(flags, Setting.NAME, name);
        put(flags, Setting.NAMESPACE, namespace);
        put(flags, Setting.PORTS, list(ports));
        put(flags, Setting.HOST, host);
        put(flags, Setting.ENV, list(env));
        put(flags, Setting.ENV_FILE, envFile);
        put(flags, Setting.ENV_PREFIX, envPrefix);
        put(flags, Setting.SHARE, list(share));
        put(flags, Setting.SHARE_WRITABLE, list(shareWritable));
        put(flags, Setting.SHARE_LOCAL, list(shareLocal));
        put(flags, Setting.HTTP_PORT, httpPort);
        put(flags, Setting.HTTP_HOST, httpHost);
        put(flags, Setting.API_PORT, apiPort);
        put(flags, Setting.ADDRESS, address);
        return flags;
    }

    private static void put(Map<String, String> flags, Setting setting, @Nullable String value) {
        if (value != null) {
            flags.put(setting.key(), value);
        }
    }

    /** As a list setting is written: commas inside an element are escaped. */
    private static @Nullable String list(@Nullable List<String> values) {
        return values == null
                ? null
                : values.stream().map(value -> value.replace(",", "\\,")).collect(Collectors.joining(","));
    }

    /** Looked at before Quarkus does, whose own report is long. */
    private static Optional<String> httpTaken(Map<String, String> merged) {
        String port = Optional.ofNullable(merged.get(Setting.HTTP_PORT.key()))
                .or(() -> Optional.ofNullable(System.getenv(Setting.HTTP_PORT.variable())))
                .orElse("0");
        String host = Optional.ofNullable(merged.get(Setting.HTTP_HOST.key()))
                .or(() -> Optional.ofNullable(System.getenv(Setting.HTTP_HOST.variable())))
                .orElse("127.0.0.1");
        try (var probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(host, Integer.parseInt(port.strip())));
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of("cannot listen on " + host + ":" + port + " (health and metrics): " + e.getMessage()
                    + "; is it in use? choose another --http-port");
        }
    }

    /** One line on stderr. */
    static int fail(int code, String why) {
        System.err.println("telepath-agent: " + why);
        return code;
    }
}
