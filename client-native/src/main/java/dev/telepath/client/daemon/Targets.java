package dev.telepath.client.daemon;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.control.Wire;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.session.Target;
import dev.telepath.tunnel.transport.ManagerAddress;
import java.nio.file.Path;
import java.util.Optional;

/** The arguments of {@code connect} on the control socket. They may hold a token, so they are never logged. */
final class Targets {
    private Targets() {}

    /**
     * @throws Failure of kind USAGE when they name no manager
     */
    static Target read(JsonNode args) {
        String token = args.path("token").asText("");
        String file = args.path("tokenFile").asText("");
        try {
            return new Target(
                    ManagerAddress.parse(args.path("manager").asText("")),
                    Optional.of(token).filter(text -> !text.isEmpty()),
                    Optional.of(file).filter(text -> !text.isEmpty()).map(Path::of),
                    args.path("namespace").asText("default"),
                    args.path("name").asText("unknown"));
        } catch (IllegalArgumentException e) {
            throw new Failure(Kind.USAGE, String.valueOf(e.getMessage()), "tp connect --manager host:port", e);
        }
    }

    /** The arguments that connect to the target again. The proxy's port is in the journal. */
    static ObjectNode write(Target target) {
        ObjectNode args = Wire.JSON
                .createObjectNode()
                .put("manager", target.address().toString())
                .put("namespace", target.namespace())
                .put("name", target.clientName());
        target.token().ifPresent(token -> args.put("token", token));
        target.tokenFile().ifPresent(file -> args.put("tokenFile", file.toString()));
        return args;
    }

    /**
     * The answer to a second {@code connect}.
     *
     * @throws Failure of kind CONFLICT when it leads elsewhere
     */
    static ObjectNode already(Engine engine, Target wanted) {
        Target has = engine.session().target();
        if (!has.address().equals(wanted.address()) || !has.namespace().equals(wanted.namespace())) {
            throw new Failure(
                    Kind.CONFLICT,
                    "connected already, to " + has.address() + " namespace " + has.namespace(),
                    "tp quit first");
        }
        return Views.status(engine).put("already", true);
    }
}
