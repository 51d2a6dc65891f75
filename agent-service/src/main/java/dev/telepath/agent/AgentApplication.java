package dev.telepath.agent;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.vertx.http.HttpServer;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.inject.Inject;
import java.io.IOException;
import org.jboss.logging.Logger;

/** The agent inside Quarkus: starts it, says where it listens, and waits for the end of the process. */
final class AgentApplication implements QuarkusApplication {
    private static final Logger LOG = Logger.getLogger(AgentApplication.class);

    private final RunningAgent running;
    private final HttpServer http;

    @Inject
    AgentApplication(RunningAgent running, HttpServer http) {
        this.running = running;
        this.http = http;
    }

    @Override
    public int run(String... args) {
        // What a call says after it was given up is of no use to anybody, and not an error.
        Infrastructure.setDroppedExceptionHandler(late -> LOG.debugf("late failure cause=\"%s\"", late));
        // No context (request scope, transaction) goes with our streams; to carry one along costs a tenth of a byte's
        // way.
        Infrastructure.clearInterceptors();
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
                        + front.configured().key() + "=" + front.actual().listen()));
        System.out.println("http-port=" + http.getPort());
        agent.apiPort().ifPresent(port -> System.out.println("api-port=" + port));
        System.out.flush();
        Quarkus.waitForExit();
        return 0;
    }
}
