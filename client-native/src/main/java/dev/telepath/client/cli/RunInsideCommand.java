package dev.telepath.client.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.telepath.client.config.Setting;
import dev.telepath.client.control.Wire;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.run.Ports;
import dev.telepath.client.run.PrivateNetwork;
import dev.telepath.client.run.RunPlan;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.linux.CLibrary;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.nio.NioEventLoopGroup;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What {@code tp run} starts in the namespaces: it sets the network up, runs the command, and carries its packets. */
@CommandLine.Command(name = RunInsideCommand.NAME, hidden = true, description = "inside the namespaces of tp run")
final class RunInsideCommand extends Command {
    static final String NAME = "run-inside";

    @Option(names = "--plan", required = true, description = "what the daemon said")
    String plan;

    @Option(names = "--scratch", required = true, description = "private folder of this run")
    Path scratch;

    @Parameters(index = "0..*", arity = "1..*")
    List<String> command = List.of();

    RunInsideCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        var credit = new Credit(
                invocation.settings().bytes(Setting.STREAM_CREDIT),
                invocation.settings().bytes(Setting.STREAM_POOL));
        var loops = new NioEventLoopGroup(1);
        try (var network = PrivateNetwork.open(read(), scratch, loops, credit, new SimpleMeterRegistry());
                var ports = Ports.admit(scratch, loops, credit)) {
            // The command has the user's rights, and no more because of where it runs.
            new CLibrary().dropAmbientCapabilities();
            return new ChildProcess(command, Map.of()).run(() -> {});
        } catch (IOException e) {
            throw new Failure(Kind.FAILED, "capabilities cannot be dropped: " + e.getMessage(), "", e);
        }
    }

    private RunPlan read() {
        try {
            return RunPlan.of(Wire.JSON.readTree(plan));
        } catch (JsonProcessingException e) {
            throw new Failure(Kind.USAGE, "--plan is no JSON", "this command is for tp run alone", e);
        }
    }
}
