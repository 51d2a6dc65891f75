package dev.telepath.client.home;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.UUID;
import org.jboss.logging.Logger;

/**
 * What must be known after a crash: this installation's id, and the session that was open, so that the next daemon can
 * end it instead of leaving its engagements in other people's way. A journal that cannot be written costs a warning.
 *
 * <p>Thread-safe.
 */
public final class Journal {
    private static final Logger LOG = Logger.getLogger(Journal.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The session that a daemon had, and with which manager. */
    public record OpenSession(String manager, String sessionId) {}

    private final Path file;
    private final ObjectNode content;

    public Journal(Path file) {
        this.file = file;
        this.content = load(file);
    }

    private static ObjectNode load(Path file) {
        try {
            if (Files.isRegularFile(file)) {
                JsonNode read = JSON.readTree(file.toFile());
                if (read instanceof ObjectNode object) {
                    return object;
                }
            }
        } catch (IOException e) {
            LOG.warnf("journal unreadable, begun anew file=%s cause=\"%s\"", file, e.getMessage());
        }
        return JSON.createObjectNode();
    }

    /** This installation's id; made at the first call. */
    public synchronized String installId() {
        String known = content.path("install-id").asText("");
        if (known.isEmpty()) {
            known = UUID.randomUUID().toString();
            content.put("install-id", known);
            save();
        }
        return known;
    }

    /** The session that was not ended properly, if any. */
    public synchronized Optional<OpenSession> leftOver() {
        JsonNode session = content.path("session");
        String id = session.path("id").asText("");
        return id.isEmpty()
                ? Optional.empty()
                : Optional.of(new OpenSession(session.path("manager").asText(""), id));
    }

    public synchronized void opened(OpenSession session) {
        content.putObject("session").put("manager", session.manager()).put("id", session.sessionId());
        save();
    }

    public synchronized void ended() {
        content.remove("session");
        save();
    }

    private void save() {
        try {
            Path fresh = file.resolveSibling(file.getFileName() + ".new");
            Files.write(fresh, JSON.writeValueAsBytes(content));
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.warnf("journal not written file=%s cause=\"%s\"", file, e.getMessage());
        }
    }
}
