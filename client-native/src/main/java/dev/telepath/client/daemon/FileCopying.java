package dev.telepath.client.daemon;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.control.Caller;
import dev.telepath.client.control.Wire;
import dev.telepath.client.engagement.EngagementSpec;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.mount.MountTable;
import dev.telepath.client.workload.FolderCopy;
import dev.telepath.client.workload.FolderCopy.Changes;
import dev.telepath.protocol.v1.Offering;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The command files: a copy of an engaged workload's files, once or for as long as the command runs. Blocks. */
final class FileCopying {
    private static final int MOST_NAMED = 5;

    private final Engine engine;
    private final Duration period;

    /**
     * @param period of looks for changes
     */
    FileCopying(Engine engine, Duration period) {
        this.engine = engine;
        this.period = period;
    }

    JsonNode copy(JsonNode args, Caller caller) {
        String name = args.path("name").asText("");
        EngagementSpec spec = spec(name);
        Path folder = Path.of(args.path("folder").asText(""));
        if (!folder.isAbsolute()) {
            throw new Failure(Kind.USAGE, "the folder for the files is missing", "tp files NAME DIR");
        }
        if (MountTable.mounted(folder)) {
            throw new Failure(
                    Kind.CONFLICT,
                    folder + " shows the files already, mounted",
                    "they are up to date; or name another");
        }
        boolean watch = args.path("watch").asBoolean(false);
        FolderCopy copy = engine.share().copyTo(folder);
        if (!watch) {
            caller.progress("copying files to " + folder);
        }
        Changes first = copy.refresh(lent(spec));
        if (watch) {
            caller.progress(first.files() + " files in " + folder + ", " + told(first));
            follow(spec, copy, caller);
        }
        ObjectNode result = Wire.JSON
                .createObjectNode()
                .put("name", name)
                .put("local_dir", folder.toString())
                .put("files", first.files());
        first.changed().forEach(result.putArray("changed")::add);
        first.removed().forEach(result.putArray("removed")::add);
        return result;
    }

    private EngagementSpec spec(String name) {
        return engine.engagements()
                .spec(name)
                .orElseThrow(() -> new Failure(
                        Kind.NOT_FOUND,
                        "there is no engagement " + name,
                        "tp ingest " + name + " makes one; tp status lists them"));
    }

    private Offering.Share lent(EngagementSpec spec) {
        return Lending.files(engine.session().required(), spec);
    }

    /** Until the command line goes or the engagement ends. Files stay as they are while the far side is away. */
    private void follow(EngagementSpec spec, FolderCopy copy, Caller caller) {
        var gone = new CountDownLatch(1);
        caller.onGone(gone::countDown);
        String trouble = "";
        try {
            while (!gone.await(period.toMillis(), TimeUnit.MILLISECONDS)) {
                if (engine.engagements().spec(spec.name()).isEmpty()) {
                    throw new Failure(Kind.NOT_FOUND, spec.name() + " was left, its files stay as they are", "");
                }
                try {
                    Changes changes = copy.refresh(lent(spec));
                    if (!changes.none()) {
                        caller.progress(told(changes));
                    }
                    trouble = "";
                } catch (Failure e) {
                    if (!e.message().equals(trouble)) {
                        trouble = e.message();
                        caller.progress("not refreshed: " + trouble);
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String told(Changes changes) {
        List<String> parts = new ArrayList<>();
        named("changed", changes.changed(), parts);
        named("removed", changes.removed(), parts);
        return parts.isEmpty() ? "nothing changed" : String.join("; ", parts);
    }

    private static void named(String what, List<String> names, List<String> parts) {
        if (!names.isEmpty()) {
            String rest = names.size() > MOST_NAMED ? " and " + (names.size() - MOST_NAMED) + " more" : "";
            parts.add(what + " " + String.join(", ", names.subList(0, Math.min(MOST_NAMED, names.size()))) + rest);
        }
    }
}
