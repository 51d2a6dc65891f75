package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.control.ControlClient;
import dev.telepath.client.engagement.EngagementKind;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.run.Namespaces;
import dev.telepath.client.run.Ports;
import dev.telepath.client.run.PublishedPort;
import dev.telepath.tunnel.bridge.Credit;
import io.netty.channel.nio.NioEventLoopGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** What {@code tp run} and {@code tp shell} have in common: a command inside a network namespace. */
abstract class NamespaceCommand extends Command {
    @Option(
            names = "--workload",
            paramLabel = "NAME",
            defaultValue = "",
            description = "give it also this workload's environment and, with --mount, its files")
    String workload;

    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NAME",
            defaultValue = "",
            description = "namespace of --workload")
    String namespace;

    @Option(
            names = "--mount",
            paramLabel = "DIR|true|false",
            defaultValue = "false",
            description = "of --workload: show its files in DIR or in a fresh folder, as tp ingest does")
    String mount;

    @Option(
            names = {"-p", "--publish"},
            paramLabel = "[PORT:]INSIDE",
            description = "let a port that the command listens on be found on this machine's loopback; may be repeated")
    List<String> publish = new ArrayList<>();

    NamespaceCommand(Console console) {
        super(console);
    }

    /** What is run. */
    abstract List<String> command(Invocation invocation);

    @Override
    int run(Invocation invocation) {
        List<String> command = command(invocation);
        List<PublishedPort> ports = publish.stream().map(PublishedPort::parse).toList();
        if (workload.isEmpty() && !mount.equals("false")) {
            throw new Failure(
                    Kind.USAGE, "--mount shows a workload's files, and no workload is named", "--workload NAME");
        }
        Namespaces.check();
        try (ControlClient client = invocation.required();
                var notices = invocation.notices()) {
            JsonNode plan = invocation.ask(client, "run", Invocation.args());
            Map<String, String> variables = new TreeMap<>();
            String engaged = workload.isEmpty() ? "" : engage(invocation, client, variables);
            Path scratch = scratch(invocation);
            List<String> line = new ArrayList<>(invocation.launcher().self());
            line.addAll(
                    List.of(RunInsideCommand.NAME, "--plan", plan.toString(), "--scratch", scratch.toString(), "--"));
            line.addAll(command);
            try {
                return run(Namespaces.enter(line), variables, ports, scratch, invocation.settings());
            } finally {
                if (!engaged.isEmpty()) {
                    invocation.leave(engaged);
                }
                remove(scratch);
            }
        }
    }

    /** The workload's environment, and files where they are wanted; an ingest that ends with the command. */
    private String engage(Invocation invocation, ControlClient client, Map<String, String> variables) {
        String name = workload + "-run-" + ProcessHandle.current().pid();
        var files = new EnvironmentOptions();
        files.mount = mount;
        ObjectNode args = Invocation.args()
                .put("kind", EngagementKind.INGEST.name())
                .put("name", name)
                .put("workload", workload)
                .put("namespace", namespace)
                .put("hold", true)
                .put("mount", files.mountFolder())
                .put("mountOwned", files.mountOwned())
                .put("mountCopied", false)
                .put("mountReadOnly", files.mountReadOnly())
                .put("localMountPort", 0);
        JsonNode result = invocation.ask(client, "engage", args);
        result.path("warnings").forEach(warning -> invocation.printer().warning(warning.asText()));
        variables.putAll(EnvironmentOptions.variables(result));
        return name;
    }

    private static Path scratch(Invocation invocation) {
        Path folder = invocation
                .home()
                .folder()
                .resolve("run-" + ProcessHandle.current().pid());
        try {
            remove(folder);
            return Files.createDirectory(folder);
        } catch (IOException e) {
            throw new Failure(
                    Kind.FAILED, "cannot make the folder " + folder + ": " + e.getMessage(), "is the disk full?", e);
        }
    }

    private static void remove(Path folder) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path each : files.toList()) {
                Files.delete(each);
            }
            Files.delete(folder);
        } catch (IOException e) {
            org.jboss.logging.Logger.getLogger(NamespaceCommand.class)
                    .debugf("folder not removed folder=%s cause=\"%s\"", folder, e.getMessage());
        }
    }

    /** Runs it, with its ports published; nothing of Netty is begun for none. */
    private static int run(
            List<String> line,
            Map<String, String> variables,
            List<PublishedPort> ports,
            Path scratch,
            Settings settings) {
        var child = new ChildProcess(line, variables);
        if (ports.isEmpty()) {
            return child.run(() -> {});
        }
        var loops = new NioEventLoopGroup(1);
        try {
            var credit = new Credit(settings.bytes(Setting.STREAM_CREDIT), settings.bytes(Setting.STREAM_POOL));
            Ports.publish(ports, scratch, loops, credit);
            return child.run(() -> {});
        } finally {
            loops.shutdownGracefully(0, 100, TimeUnit.MILLISECONDS);
        }
    }
}
