package dev.telepath.agent.split;

import com.google.protobuf.ByteString;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How far the answer to one request reaches, interim ones included. Sees each byte once. Not thread-safe. */
final class Http1Answer {
    private final String method;
    private HeadCollector head = new HeadCollector();
    private @Nullable Body body;

    /**
     * @param method of the request
     */
    Http1Answer(String method) {
        this.method = method;
    }

    /** Whether it has no body, whatever its head says. */
    boolean isToHead() {
        return method.equals("HEAD");
    }

    /** Whether all of it was seen. */
    boolean done() {
        return body != null && body.done();
    }

    /**
     * Looks at further bytes.
     *
     * @return false = where it ends is not known: it cannot be read, the protocol is switched, or there is more than was
     *     asked for
     */
    boolean take(ByteString bytes) {
        ByteString rest = bytes;
        while (!rest.isEmpty()) {
            Body known = body;
            if (known == null) {
                rest = rest.substring(head.take(rest));
                if (head.isFull() || (head.isComplete() && !headRead())) {
                    return false;
                }
            } else if (known.done()) {
                return false;
            } else {
                rest = rest.substring(known.take(rest));
                if (known.broken()) {
                    return false;
                }
            }
        }
        return true;
    }

    private boolean headRead() {
        Optional<HttpHead.Response> read = HttpHead.response(head.lines(), method);
        head = new HeadCollector();
        if (read.isEmpty() || read.get().switched()) {
            return false;
        }
        if (!read.get().interim()) {
            body = read.get().body();
        }
        return true;
    }
}
