package dev.telepath.client.dns;

import dev.telepath.dns.Query;
import dev.telepath.dns.TcpMessages;
import java.util.concurrent.CompletionStage;

/** Answers DNS messages. Thread-safe, never blocks. */
@FunctionalInterface
public interface Resolver {
    /** The largest message that TCP carries, in bytes. */
    int MOST_OF_TCP = TcpMessages.MOST;

    /**
     * Answers one message.
     *
     * @param query the message as it came; not changed, and kept until it is answered
     * @param most bytes of the largest answer, at least 512: {@link #mostOfUdp} or {@link #MOST_OF_TCP}; a larger one is cut, with
     *     TC set
     * @return the answer, empty where there must be none (what came is no query); never fails, completes on any thread
     */
    CompletionStage<byte[]> answer(byte[] query, int most);

    /** The largest answer in bytes that whoever sent this by UDP takes: what its EDNS record says, else 512. */
    static int mostOfUdp(byte[] query) {
        return Query.mostOfUdp(query);
    }
}
