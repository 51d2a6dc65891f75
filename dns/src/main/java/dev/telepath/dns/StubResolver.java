package dev.telepath.dns;

import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * Asks name servers as programs of this machine do: a name that ends in a dot as it is, any other by the search list too, as
 * resolv.conf(5) says. Thread-safe, never blocks. Who asks bounds how many questions there are.
 */
public final class StubResolver implements Lookup, AutoCloseable {
    private static final Logger LOG = Logger.getLogger(StubResolver.class);
    /** Bytes of the largest answer by UDP that no network has to cut into pieces. */
    private static final int UDP_SIZE = 1232;

    private final NameServers servers;
    private final Supplier<HostServers> host;
    private final Executor blocking;
    private final Duration most;

    /**
     * @param servers closed with this
     * @param host what the machine is configured for now; may block
     * @param blocking runs that
     * @param most time after which no further name of the search list is tried
     */
    public StubResolver(NameServers servers, Supplier<HostServers> host, Executor blocking, Duration most) {
        this.servers = servers;
        this.host = host;
        this.blocking = blocking;
        this.most = most;
    }

    /**
     * One that asks whom programs here ask, as {@code /etc/resolv.conf} has it at each question.
     *
     * @param loops the caller's; to be closed before they are
     * @param blocking may block
     * @param most until a question is given up
     */
    public static StubResolver ofPrograms(EventLoopGroup loops, Executor blocking, Duration most) {
        var patience = new NameServers.Patience(NameServers.Patience.USUAL.again(), most);
        return new StubResolver(
                new NameServers(loops, List.of(), 0, patience), HostServers::ofPrograms, blocking, most);
    }

    /** An answer that the type is not implemented where there are no servers to ask. */
    @Override
    public CompletionStage<Answer> ask(String name, int type) {
        long start = System.nanoTime();
        return CompletableFuture.supplyAsync(host, blocking).thenCompose(now -> {
            if (now.servers().isEmpty()) {
                return CompletableFuture.completedFuture(Answer.code(ResponseCode.NOT_IMPLEMENTED));
            }
            if (!now.servers().equals(servers.servers())) {
                servers.use(now.servers());
            }
            return next(names(name, now).iterator(), type, start, Answer.code(ResponseCode.NAME_ERROR));
        });
    }

    /** The names that one stands for, in the order in which they are tried; none where it is no name. */
    static List<DomainName> names(String name, HostServers host) {
        if (name.endsWith(".")) {
            return DomainName.of(name).stream().toList();
        }
        var texts = new ArrayList<String>();
        for (String domain : host.search()) {
            texts.add(name + (domain.startsWith(".") ? domain : "." + domain));
        }
        long dots = name.chars().filter(one -> one == '.').count();
        texts.add(dots >= host.ndots() ? 0 : texts.size(), name);
        return texts.stream()
                .flatMap(text -> DomainName.of(text).stream())
                .distinct()
                .toList();
    }

    /** The first with records counts; else that a name exists goes before a failure, and that before none existing. */
    private CompletionStage<Answer> next(Iterator<DomainName> names, int type, long start, Answer known) {
        if (!names.hasNext()) {
            return CompletableFuture.completedFuture(known);
        }
        if (System.nanoTime() - start >= most.toNanos()) {
            return CompletableFuture.completedFuture(known.isUnknownName() ? Answer.FAILED : known);
        }
        return question(names.next(), type).exceptionally(StubResolver::silence).thenCompose(told -> {
            if (told.outcome() == Answer.Outcome.ANSWERED) {
                return CompletableFuture.completedFuture(told);
            }
            boolean better = known.isUnknownName() || told.outcome() == Answer.Outcome.EMPTY;
            return next(names, type, start, better ? told : known);
        });
    }

    private static Answer silence(Throwable why) {
        LOG.debugf("name servers did not answer cause=\"%s\"", why.getMessage());
        return Answer.FAILED;
    }

    private CompletionStage<Answer> question(DomainName name, int type) {
        return question(Query.of(name, type, UDP_SIZE))
                // RFC 6891: so answers a server that does not know EDNS.
                .thenCompose(told -> told.rcode() == ResponseCode.FORMAT_ERROR
                        ? question(Query.of(name, type, 0))
                        : CompletableFuture.completedFuture(told));
    }

    private CompletionStage<Answer> question(Query query) {
        return servers.ask(query, TcpMessages.MOST).thenApply(message -> Response.read(query, message));
    }

    /** Ends what is under way. */
    @Override
    public void close() {
        servers.close();
    }
}
