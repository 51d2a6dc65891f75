package dev.telepath.client.engagement;

import dev.telepath.client.session.Attachment;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptInfoSnapshot;
import dev.telepath.tunnel.capability.Capability;
import io.smallrye.mutiny.Multi;
import java.util.HashMap;
import java.util.Map;

/** What the manager shows of this session's engagements, by id, whole at every change. */
final class ShownEngagements {
    private ShownEngagements() {}

    /** By deltas where the manager has them, else by snapshots. */
    static Multi<Map<String, InterceptInfo>> watch(Attachment attachment) {
        return attachment
                .capabilities()
                .watch(Capability.DELTAS, () -> deltas(attachment), () -> snapshots(attachment));
    }

    private static Multi<Map<String, InterceptInfo>> snapshots(Attachment attachment) {
        return attachment.watch().watchIntercepts(attachment.session()).map(ShownEngagements::byId);
    }

    private static Map<String, InterceptInfo> byId(InterceptInfoSnapshot snapshot) {
        Map<String, InterceptInfo> all = new HashMap<>();
        snapshot.getInterceptsList().forEach(info -> all.put(info.getId(), info));
        return all;
    }

    private static Multi<Map<String, InterceptInfo>> deltas(Attachment attachment) {
        return Multi.createFrom().deferred(() -> {
            Map<String, InterceptInfo> all = new HashMap<>();
            return attachment.watch().watchInterceptsDelta(attachment.session()).map(delta -> {
                all.putAll(delta.getUpsertsMap());
                delta.getRemovalsList().forEach(all::remove);
                return Map.copyOf(all);
            });
        });
    }
}
