package dev.telepath.client.daemon;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * Sees whether this machine's name servers are others, as they are in another network: from time to time, on one virtual thread of its
 * own, and whenever somebody looks. Thread-safe.
 */
final class NameServerWatch implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(NameServerWatch.class);

    private final Duration period;
    private final Supplier<List<InetSocketAddress>> now;
    private final Consumer<List<InetSocketAddress>> changed;
    private final Thread thread;
    private List<InetSocketAddress> known;

    /**
     * @param before those that are known
     * @param now those of now; may read files
     * @param changed told what they are whenever they are others than before, on the thread that looks
     */
    NameServerWatch(
            Duration period,
            List<InetSocketAddress> before,
            Supplier<List<InetSocketAddress>> now,
            Consumer<List<InetSocketAddress>> changed) {
        this.period = period;
        this.now = now;
        this.changed = changed;
        this.known = before;
        this.thread = Thread.ofVirtual().name("name-servers").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Those of now, of which whoever is to be told knows when this returns. */
    synchronized List<InetSocketAddress> look() {
        List<InetSocketAddress> found = now.get();
        if (!found.equals(known)) {
            known = found;
            LOG.infof("name servers changed servers=%s", found);
            changed.accept(found);
        }
        return found;
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(period);
                look();
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
