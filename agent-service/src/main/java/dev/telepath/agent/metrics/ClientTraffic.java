package dev.telepath.agent.metrics;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** Bytes exchanged with each client session since the last report. Thread-safe. */
public final class ClientTraffic {
    /**
     * @param ingress bytes from the client
     * @param egress bytes to the client
     */
    public record Volume(long ingress, long egress) {}

    private static final class Counts {
        private final LongAdder ingress = new LongAdder();
        private final LongAdder egress = new LongAdder();
    }

    private final Map<String, Counts> sessions = new ConcurrentHashMap<>();

    public void fromClient(String session, long bytes) {
        sessions.computeIfAbsent(session, s -> new Counts()).ingress.add(bytes);
    }

    public void toClient(String session, long bytes) {
        sessions.computeIfAbsent(session, s -> new Counts()).egress.add(bytes);
    }

    /** Takes what was counted; sessions without traffic are forgotten. */
    public Map<String, Volume> drain() {
        var drained = new HashMap<String, Volume>();
        for (String session : sessions.keySet()) {
            sessions.computeIfPresent(session, (key, counts) -> {
                var volume = new Volume(counts.ingress.sumThenReset(), counts.egress.sumThenReset());
                if (volume.ingress() == 0 && volume.egress() == 0) {
                    return null;
                }
                drained.put(key, volume);
                return counts;
            });
        }
        return drained;
    }
}
