package dev.telepath.client.home;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jboss.logging.Logger;

/**
 * What must be known after a crash or a restart: this installation's id, the session that is open, and the engagements
 * that the user asked for, so that the next daemon takes them over, or ends the session instead of leaving its
 * engagements in other people's way. Never holds a token. A journal that cannot be read or written costs a warning.
 *
 * <p>The file (mode 0600) is replaced as a whole at each change, and is at most 1 MiB. Thread-safe.
 */
public final class Journal {
    /** More engagements than these are not kept. */
    public static final int MOST_ENGAGEMENTS = 256;

    private static final Logger LOG = Logger.getLogger(Journal.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int OWNER_BYTES = 32;
    private static final long MOST_BYTES = 1 << 20;
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rw-------");

    /**
     * The session that a daemon had, and what it was opened as.
     *
     * @param client user@host, as others see it
     * @param abandoned whether the user ended it while the manager could not be told: it is to be ended, not taken over
     */
    public record OpenSession(String manager, String namespace, String client, String sessionId, boolean abandoned) {
        public OpenSession(String manager, String namespace, String client, String sessionId) {
            this(manager, namespace, client, sessionId, false);
        }

        /** Whether a connection of these would be the same edge. */
        public boolean isOf(String manager, String namespace, String client) {
            return this.manager.equals(manager) && this.namespace.equals(namespace) && this.client.equals(client);
        }
    }

    private final Path file;
    private final ObjectNode content;

    public Journal(Path file) {
        this.file = file;
        this.content = load(file);
    }

    private static ObjectNode load(Path file) {
        try {
            if (Files.isRegularFile(file)) {
                if (Files.size(file) > MOST_BYTES) {
                    throw new IOException("it has over " + MOST_BYTES + " bytes");
                }
                if (JSON.readTree(Files.readAllBytes(file)) instanceof ObjectNode object) {
                    return object;
                }
                throw new IOException("it holds no object");
            }
        } catch (IOException e) {
            LOG.warnf("journal unreadable, begun anew file=%s cause=\"%s\"", file, firstLine(e));
        }
        return JSON.createObjectNode();
    }

    private static String firstLine(IOException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
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

    /**
     * A secret of this installation that says to a manager in Kubernetes which sessions are its own, whatever token it
     * comes with; made at the first call. It lets nobody in.
     */
    public synchronized String owner() {
        String known = content.path("owner").asText("");
        if (known.isEmpty()) {
            byte[] secret = new byte[OWNER_BYTES];
            new SecureRandom().nextBytes(secret);
            known = HexFormat.of().formatHex(secret);
            content.put("owner", known);
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
                : Optional.of(new OpenSession(
                        session.path("manager").asText(""),
                        session.path("namespace").asText(""),
                        session.path("client").asText(""),
                        id,
                        session.path("abandoned").asBoolean(false)));
    }

    /** A session is open. Engagements of another edge's session, or of one that was abandoned, are forgotten. */
    public synchronized void opened(OpenSession session) {
        if (leftOver()
                .filter(old -> !old.abandoned() && old.isOf(session.manager(), session.namespace(), session.client()))
                .isEmpty()) {
            content.remove(List.of("engagements", "proxy-port"));
        }
        content.putObject("session")
                .put("manager", session.manager())
                .put("namespace", session.namespace())
                .put("client", session.client())
                .put("id", session.sessionId());
        save();
    }

    /** The engagements of the session, as they were given. */
    public synchronized List<JsonNode> engagements() {
        List<JsonNode> all = new ArrayList<>();
        content.path("engagements").forEach(each -> {
            if (all.size() < MOST_ENGAGEMENTS) {
                all.add(each.deepCopy());
            }
        });
        return all;
    }

    /** The user's engagements are these now. Without an open session nothing is kept. */
    public synchronized void engaged(List<? extends JsonNode> engagements) {
        if (leftOver().filter(open -> !open.abandoned()).isEmpty()) {
            return;
        }
        ArrayNode fresh = JSON.createArrayNode();
        engagements.stream().limit(MOST_ENGAGEMENTS).forEach(fresh::add);
        if (!fresh.equals(content.path("engagements"))) {
            if (engagements.size() > MOST_ENGAGEMENTS) {
                LOG.warnf("engagements not all kept for a restart most=%d", MOST_ENGAGEMENTS);
            }
            content.set("engagements", fresh);
            save();
        }
    }

    /**
     * A folder that holds files of a workload.
     *
     * @param owned whether it was made for that alone
     */
    public record Mount(String folder, boolean owned) {}

    /** Folders that were not taken back yet, whatever became of their session. */
    public synchronized List<Mount> mounts() {
        List<Mount> all = new ArrayList<>();
        content.path("mounts")
                .forEach(row -> all.add(new Mount(
                        row.path("folder").asText(""), row.path("owned").asBoolean(false))));
        return all;
    }

    public synchronized void mounted(List<Mount> mounts) {
        if (!mounts.equals(mounts())) {
            ArrayNode rows = content.putArray("mounts");
            mounts.stream()
                    .limit(MOST_ENGAGEMENTS)
                    .forEach(mount ->
                            rows.addObject().put("folder", mount.folder()).put("owned", mount.owned()));
            save();
        }
    }

    /** Port of the proxy of the session; 0 = not known. */
    public synchronized int proxyPort() {
        int port = content.path("proxy-port").asInt(0);
        return port > 0 && port < 65536 ? port : 0;
    }

    public synchronized void listens(int proxyPort) {
        if (proxyPort != proxyPort()) {
            content.put("proxy-port", proxyPort);
            save();
        }
    }

    /** The user has ended the session. If it was not {@link #ended} at the manager, that is done at the next connect. */
    public synchronized void abandoned() {
        if (content.path("session") instanceof ObjectNode session) {
            session.put("abandoned", true);
            content.remove(List.of("engagements", "proxy-port"));
            save();
        }
    }

    /** The session is no more, and the manager knows. */
    public synchronized void ended() {
        content.remove(List.of("session", "engagements", "proxy-port"));
        save();
    }

    private void save() {
        try {
            byte[] bytes = JSON.writeValueAsBytes(content);
            if (bytes.length > MOST_BYTES) {
                throw new IOException("it would have over " + MOST_BYTES + " bytes");
            }
            Path fresh = file.resolveSibling(file.getFileName() + ".new");
            // One that a crash left behind may have other rights.
            Files.deleteIfExists(fresh);
            try (FileChannel out = FileChannel.open(
                    fresh,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PRIVATE))) {
                ByteBuffer rest = ByteBuffer.wrap(bytes);
                while (rest.hasRemaining()) {
                    out.write(rest);
                }
                out.force(false);
            }
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.warnf("journal not written file=%s cause=\"%s\"", file, e.getMessage());
        }
    }
}
