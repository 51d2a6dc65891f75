package dev.telepath.agent;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.vertx.http.HttpServer;
import jakarta.inject.Inject;
import java.io.IOException;

/** The agent inside Quarkus: starts it, says where it listens, and waits for the end of the process. */
final class AgentApplication implements QuarkusApplication {
    private final RunningAgent running;
    private final HttpServer http;

    @Inject
    AgentApplication(RunningAgent running, HttpServer http) {
        this.running = running;
        this.http = http;
    }

    @Override
    public int run(String... args) {
        Agent agent;
        try {
            agent = running.start();
        } catch (IOException e) {
            return AgentCommand.fail(AgentCommand.CANNOT_LISTEN, String.valueOf(e.getMessage()));
        } catch (IllegalArgumentException e) {
            return AgentCommand.fail(AgentCommand.WRONG_SETTING, String.valueOf(e.getMessage()));
        }
        agent.fronts()
                .forEach(front -> System.out.println("port-"
                        + front.configured().key() + "=" + front.actual().port()));
        System.out.println("http-port=" + http.getPort());
        agent.apiPort().ifPresent(port -> System.out.println("api-port=" + port));
        System.out.flush();
        Quarkus.waitForExit();
        return 0;
    }
}
