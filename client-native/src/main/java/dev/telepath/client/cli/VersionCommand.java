package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.control.ControlClient;
import dev.telepath.client.daemon.Version;
import dev.telepath.client.failure.Failure;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;

/** {@code tp version}. Answers without a daemon, too. */
@CommandLine.Command(name = "version", description = "show the versions of tp, its daemon, the manager and the agents")
final class VersionCommand extends Command {
    VersionCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        ObjectNode result = Invocation.args().put("client", Version.current());
        try {
            Optional<ControlClient> running = invocation.running();
            if (running.isPresent()) {
                try (ControlClient client = running.get()) {
                    result.setAll((ObjectNode) invocation.ask(client, "version", Invocation.args()));
                }
            }
        } catch (Failure e) {
            invocation.printer().warning(e.message());
        }
        return invocation.print(result, printer -> {
            List<String[]> pairs = new ArrayList<>();
            pairs.add(new String[] {"client", result.path("client").asText()});
            pairs.add(new String[] {"daemon", result.path("daemon").asText("not running")});
            if (result.has("manager")) {
                pairs.add(new String[] {
                    "manager",
                    (result.path("manager").path("name").asText() + " "
                                    + result.path("manager").path("version").asText())
                            .strip()
                });
            }
            result.path("agents")
                    .forEach(agent -> pairs.add(new String[] {
                        "agent " + agent.path("name").asText(),
                        (agent.path("product").asText() + " "
                                        + agent.path("version").asText())
                                .strip()
                    }));
            printer.pairs(pairs);
        });
    }
}
