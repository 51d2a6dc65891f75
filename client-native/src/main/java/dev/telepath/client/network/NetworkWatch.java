package dev.telepath.client.network;

import dev.telepath.client.session.Attachment;
import dev.telepath.client.session.Participant;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Follows what the manager tells of the cluster's network. An update changes what is known and nothing else; while no
 * manager is attached, what was told last is known. Thread-safe.
 */
public final class NetworkWatch implements Participant {
    private static final Logger LOG = Logger.getLogger(NetworkWatch.class);

    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final CountDownLatch first = new CountDownLatch(1);
    private volatile ClusterNetwork known = ClusterNetwork.UNKNOWN;

    @Override
    public void attached(Attachment attachment) {
        attachment.optional(
                "cluster network", () -> attachment.watch().watchClusterInfo(attachment.session()), info -> {
                    told(ClusterNetwork.of(info));
                    first.countDown();
                });
    }

    private void told(ClusterNetwork now) {
        if (!now.equals(known)) {
            known = now;
            listeners.forEach(Runnable::run);
            LOG.infof("cluster network services=%s pods=%s domain=%s", now.services(), now.pods(), now.domain());
        }
    }

    /** Waits until anything was told, for a bounded time. Blocks. */
    public void awaitFirst(Duration most) {
        try {
            if (!first.await(most.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.debugf("cluster network not told yet");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
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
