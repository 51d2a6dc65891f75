package dev.telepath.client.daemon;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * Sees from time to time whether this machine's name servers are others, as they are in another network. Owns one virtual thread, on
 * which the callback runs.
 */
final class NameServerWatch implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(NameServerWatch.class);

    private final Duration period;
    private final Supplier<List<InetSocketAddress>> now;
    private final Consumer<List<InetSocketAddress>> changed;
    private final Thread thread;

    /**
     * @param before those that are known
     * @param now those of now; may read files
     * @param changed told what they are whenever they are others than before
     */
    NameServerWatch(
            Duration period,
            List<InetSocketAddress> before,
            Supplier<List<InetSocketAddress>> now,
            Consumer<List<InetSocketAddress>> changed) {
        this.period = period;
        this.now = now;
        this.changed = changed;
        this.thread = Thread.ofVirtual().name("name-servers").unstarted(() -> run(before));
    }

    void start() {
        thread.start();
    }

    private void run(List<InetSocketAddress> before) {
        List<InetSocketAddress> known = before;
        try {
            while (true) {
                Thread.sleep(period);
                List<InetSocketAddress> found = now.get();
                if (!found.equals(known)) {
                    known = found;
                    LOG.infof("name servers changed servers=%s", found);
                    changed.accept(found);
                }
            }
        } catch (InterruptedException e) {
            LOG.debugf("name servers no longer looked at");
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
