package dev.telepath.agent.split;

import com.google.protobuf.ByteString;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.stream.StreamEnd;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.operators.multi.processors.UnicastProcessor;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** The far side of a stream end, in memory. What is sent to it may come on another thread. */
class MemoryEnd implements StreamEnd {
    private final UnicastProcessor<Frame> out = UnicastProcessor.create();
    private final StringBuffer got = new StringBuffer();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final CompletableFuture<String> all = new CompletableFuture<>();
    private Consumer<ByteString> reader = bytes -> {};

    /** Is shown what comes. Before the end is used. */
    final MemoryEnd reading(Consumer<ByteString> by) {
        reader = by;
        return this;
    }

    final void say(String text) {
        out.onNext(new Frame.Data(ByteString.copyFrom(text, StandardCharsets.ISO_8859_1)));
    }

    final void finish() {
        out.onComplete();
    }

    /** What came so far. */
    final String got() {
        return got.toString();
    }

    /** All that came, once the other side has half-closed. */
    final CompletableFuture<String> all() {
        return all;
    }

    @Override
    public final Multi<Frame> receive() {
        return out;
    }

    @Override
    public final void send(Multi<Frame> frames) {
        frames.subscribe()
                .with(
                        frame -> {
                            if (frame instanceof Frame.Data data) {
                                got.append(data.bytes().toString(StandardCharsets.ISO_8859_1));
                                reader.accept(data.bytes());
                            }
                        },
                        failure -> {
                            all.completeExceptionally(failure);
                            closed.complete(null);
                        },
                        () -> {
                            all.complete(got());
                            out.onComplete();
                            closed.complete(null);
                        });
    }

    @Override
    public final CompletionStage<Void> closed() {
        return closed;
    }
}
