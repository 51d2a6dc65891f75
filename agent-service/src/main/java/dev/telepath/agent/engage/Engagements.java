package dev.telepath.agent.engage;

import dev.telepath.agent.settings.GuardedPort;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.tunnel.filter.InvalidFilter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jboss.logging.Logger;

/**
 * What the manager says of this workload's intercepts, and from it who has each guarded port.
 *
 * <p>Written by the attachment on its event loop only; {@link #at} may be called on any thread.
 */
public final class Engagements {
    private static final Logger LOG = Logger.getLogger(Engagements.class);

    /**
     * Who has one port.
     *
     * @param intercept has all of it
     * @param filtered have the requests that their filters match, first come first
     */
    public record Hold(Optional<Engagement> intercept, List<Engagement> filtered, List<Engagement> wiretaps) {
        /** Nobody. */
        public static final Hold NONE = new Hold(Optional.empty(), List.of(), List.of());

        public Hold {
            filtered = List.copyOf(filtered);
            wiretaps = List.copyOf(wiretaps);
        }
    }

    /** An intercept that waits for the agent's review. */
    public record Waiting(InterceptInfo info, Review review) {}

    private final Workload workload;
    private final Duration defaultDialTimeout;
    private final Map<String, InterceptInfo> known = new TreeMap<>();
    private final Set<String> reviewed = new HashSet<>();
    private volatile Map<GuardedPort, Hold> holds = Map.of();

    public Engagements(Workload workload, Duration defaultDialTimeout) {
        this.workload = workload;
        this.defaultDialTimeout = defaultDialTimeout;
    }

    /** What is guarded. */
    public Workload workload() {
        return workload;
    }

    /** Who has the port now. Any thread. */
    public Hold at(GuardedPort port) {
        return holds.getOrDefault(port, Hold.NONE);
    }

    /** Whether anybody has anything of a port now. Any thread. */
    public boolean isEngaged() {
        return holds.values().stream().anyMatch(hold -> !hold.equals(Hold.NONE));
    }

    /** Takes over the whole truth. */
    public void replace(Collection<InterceptInfo> all) {
        known.clear();
        all.forEach(info -> known.put(info.getId(), info));
        settle();
    }

    /** Takes over a change. */
    public void change(Map<String, InterceptInfo> upserts, Collection<String> removals) {
        removals.forEach(known::remove);
        known.putAll(upserts);
        settle();
    }

    /** Forgets everything; the ports are nobody's. */
    public void clear() {
        retain(session -> false);
    }

    /** Forgets the engagements of all other clients. */
    public void retain(Predicate<String> clientSession) {
        known.values()
                .removeIf(info -> !clientSession.test(info.getClientSession().getSessionId()));
        settle();
    }

    /** Those to be reviewed now; each is named once until {@link #reviewAgain} or until it leaves the state. */
    public List<Waiting> waiting() {
        var result = new ArrayList<Waiting>();
        for (InterceptInfo info : known.values()) {
            if (info.getDisposition() == InterceptDispositionType.WAITING
                    && Review.concerns(workload, info.getSpec())
                    && reviewed.add(info.getId())) {
                result.add(new Waiting(info, Review.of(info, workload, known.values())));
            }
        }
        return result;
    }

    /** The review did not reach the manager. */
    public void reviewAgain(String id) {
        reviewed.remove(id);
    }

    /** A new connection: every review may have been lost with the old one. */
    public void reviewAllAgain() {
        reviewed.clear();
    }

    private void settle() {
        reviewed.removeIf(id -> {
            InterceptInfo info = known.get(id);
            return info == null || info.getDisposition() != InterceptDispositionType.WAITING;
        });
        var next = new HashMap<GuardedPort, Hold>();
        for (GuardedPort port : workload.ports()) {
            next.put(port, hold(port));
        }
        Map<GuardedPort, Hold> before = holds;
        holds = Map.copyOf(next);
        next.forEach((port, hold) -> log(port, before.getOrDefault(port, Hold.NONE), hold));
    }

    private Hold hold(GuardedPort port) {
        Optional<Engagement> intercept = Optional.empty();
        var filtered = new ArrayList<Engagement>();
        var wiretaps = new ArrayList<Engagement>();
        var active = known.values().stream()
                .filter(info -> info.getDisposition() == InterceptDispositionType.ACTIVE)
                .filter(info -> Review.concerns(workload, info.getSpec()))
                .filter(info -> !info.getSpec().getNoDefaultPort()
                        || !info.getSpec().getPortIdentifier().isEmpty())
                .sorted(Review.FIRST_COME)
                .toList();
        for (InterceptInfo info : active) {
            var target = Engagement.target(info.getSpec());
            boolean here = PortMatch.find(info.getSpec(), workload.ports())
                    .filter(port::equals)
                    .isPresent();
            if (!here || target.isEmpty()) {
                continue;
            }
            Engagement engagement;
            try {
                engagement = Engagement.of(info, target.get(), defaultDialTimeout);
            } catch (InvalidFilter e) {
                // Refused at its review; one that an earlier agent let through diverts nothing here.
                LOG.warnf("intercept without effect id=%s cause=\"%s\"", info.getId(), e.getMessage());
                continue;
            }
            if (engagement.wiretap()) {
                wiretaps.add(engagement);
            } else if (!engagement.filter().isAll()) {
                filtered.add(engagement);
            } else if (intercept.isEmpty()) {
                intercept = Optional.of(engagement);
            }
        }
        return new Hold(intercept, filtered, wiretaps);
    }

    private static void log(GuardedPort port, Hold before, Hold now) {
        String old = before.intercept().map(Engagement::id).orElse("");
        String current = now.intercept().map(Engagement::id).orElse("");
        if (!old.equals(current)) {
            now.intercept()
                    .ifPresentOrElse(
                            held -> LOG.infof("port engaged port=%s client=%s", port.key(), held.client()),
                            () -> LOG.infof("port free port=%s", port.key()));
        }
        if (before.filtered().size() != now.filtered().size()) {
            LOG.infof(
                    "filtered intercepts changed port=%s count=%d",
                    port.key(), now.filtered().size());
        }
        if (before.wiretaps().size() != now.wiretaps().size()) {
            LOG.infof(
                    "wiretaps changed port=%s count=%d",
                    port.key(), now.wiretaps().size());
        }
    }
}
