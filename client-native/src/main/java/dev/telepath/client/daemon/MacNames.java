package dev.telepath.client.daemon;

import dev.telepath.client.dns.Suffixes;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.privileged.Order;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * On a Mac the system itself asks the daemon for the cluster's names, by what it is told of their domains (resolver(5)); nothing else comes
 * here, so nothing has to be watched. Experimental.
 */
final class MacNames implements NamesLed {
    private static final Logger LOG = Logger.getLogger(MacNames.class);
    private static final Duration AGAIN = Duration.ofSeconds(30);

    private final Supplier<Suffixes> suffixes;
    private final IntSupplier port;
    private final Function<Order, List<String>> orders;
    private final LongSupplier nanoClock;
    private Order.@Nullable Resolvers told;
    /** Empty where all was done. */
    private volatile String trouble = "not tried yet";

    private long tried;

    /**
     * @param port of the daemon's resolver
     * @param orders carries one out, and tells what of it could not be done
     */
    MacNames(Supplier<Suffixes> suffixes, IntSupplier port, Function<Order, List<String>> orders) {
        this(suffixes, port, orders, System::nanoTime);
    }

    /** The same with another clock. */
    MacNames(
            Supplier<Suffixes> suffixes,
            IntSupplier port,
            Function<Order, List<String>> orders,
            LongSupplier nanoClock) {
        this.suffixes = suffixes;
        this.port = port;
        this.orders = orders;
        this.nanoClock = nanoClock;
    }

    @Override
    public void forget() {
        tried = nanoClock.getAsLong() - AGAIN.toNanos();
    }

    @Override
    public void bring() {
        Order.Resolvers wanted = wanted();
        boolean waits = trouble.isEmpty() || nanoClock.getAsLong() - tried < AGAIN.toNanos();
        if (wanted.equals(told) && waits) {
            return;
        }
        told = wanted;
        tried = nanoClock.getAsLong();
        String before = trouble;
        try {
            trouble = String.join("; ", orders.apply(wanted));
        } catch (Failure e) {
            trouble = e.message();
        }
        if (trouble.isEmpty()) {
            LOG.infof("names led here domains=%s", wanted.domains());
        } else if (!trouble.equals(before)) {
            LOG.warnf("names not led here cause=\"%s\"", trouble);
        }
    }

    private Order.Resolvers wanted() {
        Suffixes now = suffixes.get();
        return new Order.Resolvers(
                plain(Stream.concat(now.search().stream(), now.routed().stream()), Order.MOST_RESOLVERS),
                plain(now.search().stream(), Order.MOST_SEARCH),
                port.getAsInt());
    }

    private static List<String> plain(Stream<String> domains, int most) {
        return domains.distinct()
                .filter(each -> Order.DOMAIN.matcher(each).matches())
                .limit(most)
                .toList();
    }

    @Override
    public void watch() {}

    @Override
    public String described() {
        String why = trouble;
        return why.isEmpty() ? "by domain" : "not led here: " + why;
    }
}
