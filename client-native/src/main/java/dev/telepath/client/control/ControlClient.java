package dev.telepath.client.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** The command line's end of the control socket. Blocks; one thread, except {@link #close()}. */
public final class ControlClient implements AutoCloseable {
    private final LineChannel lines;
    private final JsonNode hello;

    private ControlClient(LineChannel lines, JsonNode hello) {
        this.lines = lines;
        this.hello = hello;
    }

    /**
     * Connects.
     *
     * @return empty when no daemon listens: no socket, or one that a crash left behind
     * @throws Failure when what listens speaks another version
     */
    public static Optional<ControlClient> open(Path socket) {
        if (!Files.exists(socket)) {
            return Optional.empty();
        }
        SocketChannel channel;
        try {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        } catch (IOException e) {
            throw new Failure(Kind.FAILED, "Unix sockets do not work here: " + e.getMessage(), "", e);
        }
        var lines = new LineChannel(channel);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            String first = lines.read();
            if (first == null) {
                lines.close();
                return Optional.empty();
            }
            JsonNode hello = Wire.parse(first).path("hello");
            if (hello.path("protocol").asInt() != Wire.PROTOCOL) {
                lines.close();
                throw new Failure(
                        Kind.FAILED,
                        "the daemon is of version " + hello.path("version").asText("unknown")
                                + ", which this tp does not understand",
                        "end it with the tp that started it: tp quit -s");
            }
            return Optional.of(new ControlClient(lines, hello));
        } catch (IOException e) {
            lines.close();
            return Optional.empty();
        }
    }

    /** What the daemon said of itself: protocol, version, pid. */
    public JsonNode hello() {
        return hello;
    }

    /**
     * Sends a request and waits for its end.
     *
     * @throws Failure what the daemon answered, or that it went away
     */
    public JsonNode call(String command, ObjectNode args, Consumer<String> progress) {
        ObjectNode request = Wire.JSON.createObjectNode().put("command", command);
        request.set("args", args);
        try {
            lines.write(Wire.line(request));
            for (String line = lines.read(); line != null; line = lines.read()) {
                ObjectNode reply = Wire.parse(line);
                if (reply.has("result")) {
                    return reply.path("result");
                }
                if (reply.has("error")) {
                    throw Wire.failure(reply.path("error"));
                }
                progress.accept(reply.path("progress").asText(""));
            }
        } catch (IOException e) {
            throw new Failure(
                    Kind.NOT_CONNECTED, "the connection to the daemon broke: " + e.getMessage(), "see tp status", e);
        }
        throw new Failure(
                Kind.NOT_CONNECTED, "the daemon ended before it answered", "see tp gather-logs, then tp connect");
    }

    @Override
    public void close() {
        lines.close();
    }
}
