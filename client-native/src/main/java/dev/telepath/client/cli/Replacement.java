package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.control.ControlClient;
import dev.telepath.client.daemon.Version;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.tunnel.transport.ManagerAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A daemon of this program in the place of the one that ran. The old one ended its streams and left its session and
 * engagements to the new one.
 *
 * @param client to the new daemon; not connected to a manager yet
 * @param before version of the old one
 * @param handed arguments that connect to where the old one was; empty = it was not connected
 * @param device whether the old one had a device of the whole machine
 */
record Replacement(ControlClient client, String before, ObjectNode handed, boolean device) {
    private static final long END_SECONDS = 15;

    /**
     * Ends the daemon that runs and starts another. Blocks.
     *
     * @param old closed here
     * @throws Failure when the old one cannot hand over or does not end, or the new one does not start
     */
    static Replacement of(Invocation invocation, ControlClient old) {
        String before = old.hello().path("version").asText("unknown");
        long pid = old.hello().path("pid").asLong();
        JsonNode left;
        try (old) {
            left = invocation.ask(old, "hand-over", Invocation.args());
        } catch (Failure e) {
            throw e.kind() != Kind.USAGE
                    ? e
                    : new Failure(
                            Kind.FAILED,
                            "the daemon of version " + before + " cannot hand over to another",
                            "tp quit -s, then tp connect");
        }
        awaitEnd(pid);
        List<String> ending = new ArrayList<>();
        left.path("ending").forEach(name -> ending.add(name.asText()));
        if (!ending.isEmpty()) {
            invocation
                    .printer()
                    .warning("engagements of commands that run end with the old daemon: " + String.join(", ", ending));
        }
        ObjectNode handed = left.path("connect") instanceof ObjectNode args ? args : Invocation.args();
        return new Replacement(
                invocation.started(), before, handed, left.path("device").asBoolean());
    }

    /** Whether the daemon is of another version than this program. */
    static boolean needed(ControlClient daemon) {
        return !daemon.hello().path("version").asText("").equals(Version.current());
    }

    /** Whether these arguments of {@code connect} lead to where the old daemon was. */
    boolean leadsTo(JsonNode args) {
        if (args.has("kubernetes")) {
            String manager = args.path("managerNamespace").asText("");
            return handed.path("kubernetes").equals(args.path("kubernetes"))
                    && (manager.isEmpty()
                            || manager.equals(handed.path("managerNamespace").asText()))
                    && (args.path("namespaceIsDefault").asBoolean()
                            || handed.path("namespace").equals(args.path("namespace")));
        }
        try {
            return handed.path("namespace").equals(args.path("namespace"))
                    && ManagerAddress.parse(handed.path("manager").asText())
                            .equals(ManagerAddress.parse(args.path("manager").asText()));
        } catch (IllegalArgumentException e) {
            // The daemon tells what is wrong with it.
            return false;
        }
    }

    /**
     * Connects to where the old daemon was, if it was anywhere, and brings its device back.
     *
     * @throws Failure when it cannot be; without the device alone, the connection stays
     */
    JsonNode connect(Invocation invocation) {
        if (handed.isEmpty()) {
            return Invocation.args();
        }
        JsonNode connected = invocation.ask(client, "connect", handed);
        return device ? MachineDevice.bring(invocation, client, connected) : connected;
    }

    private static void awaitEnd(long pid) {
        try {
            ProcessHandle old = ProcessHandle.of(pid).orElse(null);
            if (old != null) {
                old.onExit().get(END_SECONDS, TimeUnit.SECONDS);
            }
        } catch (TimeoutException e) {
            throw new Failure(
                    Kind.TIMED_OUT,
                    "the daemon (pid " + pid + ") handed over but did not end within " + END_SECONDS + " s",
                    "end it with kill " + pid + ", then tp connect restores session and engagements",
                    e);
        } catch (ExecutionException | CompletionException e) {
            throw new Failure(Kind.FAILED, "cannot wait for the daemon: " + e.getMessage(), "tp connect", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure(Kind.INTERRUPTED, "interrupted", "", e);
        }
    }
}
