package dev.telepath.client.engagement;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.dial.LocalTargets;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.session.Attachment;
import dev.telepath.client.session.Participant;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.tunnel.reconnect.Backoff;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The engagements that the user wants, and what the manager shows of them. Level-triggered: whatever the manager lacks
 * is created, whatever it has too much is removed, at every attachment and every look, so that nothing depends on a
 * command having been replayed.
 *
 * <p>Thread-safe: commands come on virtual threads, views on the event loop, looks on the session's thread.
 */
public final class Engagements implements Participant, LocalTargets {
    private static final Logger LOG = Logger.getLogger(Engagements.class);
    /** A created engagement that the manager does not show within this time is created again. */
    private static final Duration SHOWN_WITHIN = Duration.ofSeconds(5);

    private final Creator creator;
    private final Backoff retry = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(10));
    private final Map<String, EngagementSpec> wanted = new LinkedHashMap<>();
    private final Map<String, Part> parts = new LinkedHashMap<>();
    private final Kept kept;
    /** The manager's view by id; null until it was shown. */
    private @Nullable Map<String, InterceptInfo> view;

    /**
     * @param patience for an agent that the manager has to bring first
     * @param restored what an earlier daemon had; no two of one name
     * @param keeps told what a later daemon is to restore, at every change
     */
    public Engagements(
            String clientName,
            Duration dialTimeout,
            Duration latency,
            Duration patience,
            WorkloadNames workloads,
            List<EngagementSpec> restored,
            Consumer<List<ObjectNode>> keeps) {
        this.kept = new Kept(keeps);
        this.creator = new Creator(clientName, dialTimeout, latency, patience, workloads, this::engagedHere);
        for (EngagementSpec spec : restored) {
            wanted.put(spec.name(), spec);
            spec.ports().stream().map(port -> new Part(spec, port)).forEach(part -> parts.put(part.wireName, part));
        }
    }

    private synchronized void keep() {
        kept.now(wanted.values());
    }

    /** Names of those that end with a command, in the order they were made. */
    public synchronized List<String> held() {
        return Kept.not(wanted.values());
    }

    /** What happens from now on is not kept for a later daemon. */
    public synchronized void close() {
        kept.close();
    }

    private synchronized boolean engagedHere(Part asked) {
        return parts.values().stream()
                .anyMatch(part -> part != asked
                        && part.info != null
                        && part.spec.workload().equals(asked.spec.workload())
                        && part.spec.namespace().equals(asked.spec.namespace()));
    }

    @Override
    public void attached(Attachment attachment) {
        synchronized (this) {
            view = null;
            for (Part part : parts.values()) {
                part.creating = false;
                if (attachment.fresh()) {
                    part.info = null;
                    part.nextCreate = System.nanoTime();
                    part.attempts = 0;
                }
            }
        }
        keep();
        attachment.essential("engagements", ShownEngagements.watch(attachment), this::seen);
        reconcile(attachment);
    }

    private synchronized void seen(Map<String, InterceptInfo> shown) {
        view = shown;
        Map<String, InterceptInfo> byName = new HashMap<>();
        shown.values().forEach(info -> byName.put(info.getSpec().getName(), info));
        for (Part part : parts.values()) {
            InterceptInfo before = part.info;
            InterceptInfo now = byName.get(part.wireName);
            if (now == null && part.creating) {
                continue;
            }
            part.info = now;
            if (now != null && (before == null || before.getDisposition() != now.getDisposition())) {
                LOG.infof(
                        "engagement changed name=%s disposition=%s message=\"%s\"",
                        part.wireName, now.getDisposition(), now.getMessage());
            }
            if (part.active()) {
                part.attempts = 0;
                part.lastError = "";
            }
        }
        notifyAll();
    }

    @Override
    public void tick(Attachment attachment) {
        reconcile(attachment);
    }

    private void reconcile(Attachment attachment) {
        List<Part> missing = new ArrayList<>();
        List<String> surplus = new ArrayList<>();
        synchronized (this) {
            for (Part part : parts.values()) {
                boolean unknown = part.info == null && (view != null || attachment.fresh());
                if (unknown && !part.creating && System.nanoTime() - part.nextCreate >= 0) {
                    part.creating = true;
                    missing.add(part);
                }
            }
            if (view != null) {
                for (InterceptInfo info : view.values()) {
                    if (!parts.containsKey(info.getSpec().getName())) {
                        surplus.add(info.getSpec().getName());
                    }
                }
            }
        }
        surplus.forEach(name -> creator.remove(attachment, name));
        for (Part part : missing) {
            try {
                create(attachment, part);
                LOG.infof("engagement created again name=%s", part.wireName);
            } catch (Failure e) {
                LOG.infof("engagement not created yet name=%s cause=\"%s\"", part.wireName, e.message());
            }
        }
    }

    private void create(Attachment attachment, Part part) {
        try {
            InterceptInfo info = creator.create(attachment, part);
            boolean withdrawn;
            synchronized (this) {
                withdrawn = parts.get(part.wireName) != part;
                if (part.info == null) {
                    part.info = info;
                }
                part.lastError = "";
                part.nextCreate = System.nanoTime() + SHOWN_WITHIN.toNanos();
                notifyAll();
            }
            if (withdrawn) {
                creator.remove(attachment, part.wireName);
            }
        } catch (Failure e) {
            synchronized (this) {
                part.lastError = e.message();
                part.nextCreate = System.nanoTime()
                        + retry.wait(part.attempts++, ThreadLocalRandom.current())
                                .toNanos();
                notifyAll();
            }
            throw e;
        } finally {
            synchronized (this) {
                part.creating = false;
            }
        }
    }

    /**
     * Engages a workload and waits until all its ports are active. Blocks.
     *
     * @param gone whether the user has given up meanwhile
     * @throws Failure why it did not come about; nothing of it is left then
     */
    public void engage(Attachment attachment, EngagementSpec spec, Duration most, BooleanSupplier gone) {
        List<Part> mine = add(spec);
        try {
            for (Part part : mine) {
                create(attachment, part);
            }
            awaitActive(spec, mine, most, gone);
            keep();
        } catch (RuntimeException e) {
            leave(Optional.of(attachment), spec.name());
            throw e;
        }
    }

    /**
     * Has a container replaced and tells its ports. Blocks. The manager brings it back in a moment if no engagement follows.
     *
     * @return the same engagement with every port of the container
     */
    public EngagementSpec withEveryPort(Attachment attachment, EngagementSpec spec) {
        unique(spec);
        return spec.with(creator.ports(attachment, spec));
    }

    /** Adds one that needs nothing of the manager: an ingest. */
    public synchronized void hold(EngagementSpec spec) {
        unique(spec);
        wanted.put(spec.name(), spec);
        keep();
    }

    private synchronized List<Part> add(EngagementSpec spec) {
        unique(spec);
        List<Part> mine = new ArrayList<>();
        for (PortMapping port : spec.ports()) {
            var part = new Part(spec, port);
            if (parts.containsKey(part.wireName) || mine.stream().anyMatch(p -> p.wireName.equals(part.wireName))) {
                throw new Failure(Kind.USAGE, "two --port name the same port: " + port, "give each remote port once");
            }
            part.creating = true;
            mine.add(part);
        }
        wanted.put(spec.name(), spec);
        mine.forEach(part -> parts.put(part.wireName, part));
        return mine;
    }

    private synchronized void unique(EngagementSpec spec) {
        if (wanted.containsKey(spec.name())) {
            throw new Failure(
                    Kind.CONFLICT,
                    "there is an engagement " + spec.name() + " already",
                    "tp leave " + spec.name() + ", or choose another name with --workload " + spec.workload());
        }
    }

    private synchronized void awaitActive(EngagementSpec spec, List<Part> mine, Duration most, BooleanSupplier gone) {
        long end = System.nanoTime() + most.toNanos();
        while (true) {
            if (gone.getAsBoolean() || !wanted.containsKey(spec.name())) {
                throw new Failure(Kind.INTERRUPTED, "interrupted while waiting for " + spec.name(), "");
            }
            Part waiting = Part.waiting(mine);
            if (waiting == null) {
                return;
            }
            long left = end - System.nanoTime();
            if (left <= 0) {
                throw waiting.late(most);
            }
            try {
                wait(Math.min(200, left / 1_000_000 + 1));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new Failure(Kind.INTERRUPTED, "interrupted while waiting for " + spec.name(), "", e);
            }
        }
    }

    /**
     * Ends an engagement; the manager is told now, or at the next attachment.
     *
     * @return whether there was one
     */
    public boolean leave(Optional<Attachment> attachment, String name) {
        List<String> names = new ArrayList<>();
        synchronized (this) {
            EngagementSpec spec = wanted.remove(name);
            if (spec == null) {
                return false;
            }
            parts.values().removeIf(part -> {
                if (part.spec == spec) {
                    names.add(part.wireName);
                    return true;
                }
                return false;
            });
            notifyAll();
        }
        keep();
        attachment.ifPresent(live -> names.forEach(each -> creator.remove(live, each)));
        LOG.infof("engagement left name=%s", name);
        return true;
    }

    @Override
    public synchronized List<InterceptInfo> known() {
        List<InterceptInfo> all = new ArrayList<>();
        for (Part part : parts.values()) {
            InterceptInfo info = part.info;
            if (info != null) {
                all.add(info);
            }
        }
        return all;
    }

    @Override
    public synchronized boolean leadsTo(String host, int port) {
        return parts.values().stream()
                .anyMatch(part -> part.port.local() == port && LocalTarget.same(part.spec.address(), host));
    }

    @Override
    public synchronized void localFailure(int port, String why) {
        for (Part part : parts.values()) {
            if (part.port.local() == port) {
                part.localError = why;
                part.localErrorAt = Instant.now();
            }
        }
    }

    /** The manager's record of an engagement's main port, once there is one. */
    public synchronized Optional<InterceptInfo> info(String name) {
        Part part = parts.get(name);
        return part == null ? Optional.empty() : Optional.ofNullable(part.info);
    }

    /** What the user wanted of one. */
    public synchronized Optional<EngagementSpec> spec(String name) {
        return Optional.ofNullable(wanted.get(name));
    }

    /** What status shows, one line per port, in the order they were made. */
    public synchronized List<EngagementView> views() {
        return EngagementView.all(wanted.values(), parts.values());
    }
}
