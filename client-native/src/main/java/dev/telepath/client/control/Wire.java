package dev.telepath.client.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.nio.charset.StandardCharsets;

/**
 * The lines of the control protocol, one JSON object each:
 *
 * <pre>
 *   daemon: {"hello":{"protocol":1,"version":"0.1.0","pid":42}}
 *   tp:     {"command":"status","args":{}}
 *   daemon: {"progress":"..."}*   then   {"result":{...}}   or   {"error":{"kind","message","hint","exitCode"}}
 * </pre>
 */
public final class Wire {
    /** Version of this protocol; command line and daemon must agree. */
    public static final int PROTOCOL = 1;
    /** The longest line either side accepts. */
    public static final int MAX_LINE = 1 << 20;

    /** The mapper used for trees only. */
    public static final ObjectMapper JSON = new ObjectMapper();

    private Wire() {}

    public static byte[] line(JsonNode node) {
        try {
            return (JSON.writeValueAsString(node) + "\n").getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree always has a text form", e);
        }
    }

    /**
     * @throws Failure of kind USAGE when the line is no JSON object
     */
    public static ObjectNode parse(String line) {
        try {
            if (JSON.readTree(line) instanceof ObjectNode object) {
                return object;
            }
        } catch (JsonProcessingException e) {
            throw new Failure(Kind.USAGE, "the line is no JSON object", "one JSON object per line is expected", e);
        }
        throw new Failure(Kind.USAGE, "the line is no JSON object", "one JSON object per line is expected");
    }

    static ObjectNode error(Failure failure) {
        ObjectNode node = JSON.createObjectNode();
        node.putObject("error")
                .put("kind", failure.kind().label())
                .put("message", failure.message())
                .put("hint", failure.hint())
                .put("exitCode", failure.kind().exitCode());
        return node;
    }

    static Failure failure(JsonNode error) {
        return new Failure(
                Kind.of(error.path("kind").asText("")),
                error.path("message").asText("the daemon gave no reason"),
                error.path("hint").asText(""));
    }
}
