package dev.telepath.client.privileged;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.control.LineChannel;
import dev.telepath.client.control.Wire;
import dev.telepath.client.failure.Failure;
import java.io.IOException;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The privileged process at work. Blocks until the daemon is gone, and leaves nothing behind. */
public final class PrivilegedProcess {
    private PrivilegedProcess() {}

    /**
     * Serves a daemon.
     *
     * @param socket where it waits
     * @param user number of the user who may open the device
     * @param resolved to what tells systemd-resolved; null where there is nothing
     * @throws IOException when the daemon is not there, or something could not be undone
     */
    public static void serve(Path socket, int user, @Nullable OutputStream resolved) throws IOException {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
                var lines = new LineChannel(channel);
                var machine = Machine.ofThis(socket, user, resolved)) {
            lines.write(Wire.line(Wire.JSON
                    .createObjectNode()
                    .put("pid", ProcessHandle.current().pid())
                    .put("protocol", Wire.PROTOCOL)));
            for (String line = lines.read(); line != null; line = lines.read()) {
                lines.write(Wire.line(answer(machine, line)));
            }
        }
    }

    private static ObjectNode answer(Machine machine, String line) {
        ObjectNode answer = Wire.JSON.createObjectNode();
        try {
            List<String> failed = machine.apply(Order.of(Wire.parse(line)));
            ArrayNode all = answer.put("ok", true).putArray("failed");
            failed.forEach(all::add);
        } catch (IOException | Failure e) {
            answer.put("ok", false).put("cause", e.getMessage());
        }
        return answer;
    }
}
