package dev.telepath.client.network;

import dev.telepath.client.session.Attachment;
import dev.telepath.client.session.Participant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jboss.logging.Logger;

/**
 * Follows what the manager tells of the cluster's network. An update changes what is known and nothing else; while no
 * manager is attached, what was told last is known. Thread-safe.
 */
public final class NetworkWatch implements Participant {
    private static final Logger LOG = Logger.getLogger(NetworkWatch.class);

    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private volatile ClusterNetwork known = ClusterNetwork.UNKNOWN;

    @Override
    public void attached(Attachment attachment) {
        attachment.optional(
                "cluster network",
                () -> attachment.watch().watchClusterInfo(attachment.session()),
                info -> told(ClusterNetwork.of(info)));
    }

    private void told(ClusterNetwork now) {
        if (!now.equals(known)) {
            known = now;
            listeners.forEach(Runnable::run);
            LOG.infof("cluster network services=%s pods=%s domain=%s", now.services(), now.pods(), now.domain());
        }
    }

    /**
     * Calls back whenever something else was told than before; must not block.
     *
     * @return ends that
     */
    public Runnable onChange(Runnable listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /** What was told last. */
    public ClusterNetwork latest() {
        return known;
    }
}
