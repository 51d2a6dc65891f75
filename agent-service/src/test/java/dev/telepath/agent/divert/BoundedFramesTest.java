package dev.telepath.agent.divert;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.stream.StreamFailure;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.helpers.test.AssertSubscriber;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class BoundedFramesTest {
    private final AtomicInteger overflows = new AtomicInteger();
    private final BoundedFrames frames = new BoundedFrames(10, overflows::incrementAndGet);

    private AssertSubscriber<Frame> read(long demand) {
        return Multi.createFrom().publisher(frames).subscribe().withSubscriber(AssertSubscriber.create(demand));
    }

    private static Frame.Data data(String text) {
        return new Frame.Data(ByteString.copyFromUtf8(text));
    }

    @Test
    void framesWaitForDemandAndKeepTheirOrder() {
        frames.offer(data("a"));
        frames.offer(data("b"));
        var reader = read(1);
        reader.assertItems(data("a"));
        reader.request(1).assertItems(data("a"), data("b"));
    }

    @Test
    void whatWaitsIsDeliveredBeforeTheEnd() {
        frames.offer(data("a"));
        frames.finish(null);
        var reader = read(0);
        reader.assertNotTerminated();
        reader.request(1).assertItems(data("a")).assertCompleted();
    }

    @Test
    void overflowEndsTheCopyOnceAndTheSourceGoesOn() {
        var reader = read(0);
        frames.offer(data("12345678"));
        frames.offer(data("90123"));
        frames.offer(data("more"));
        assertThat(overflows).hasValue(1);
        reader.assertFailedWith(StreamFailure.Reset.class);
    }

    @Test
    void aReaderThatFollowsNeverOverflows() {
        var reader = read(Long.MAX_VALUE);
        for (int i = 0; i < 1000; i++) {
            frames.offer(data("12345678"));
        }
        assertThat(overflows).hasValue(0);
        assertThat(reader.getItems()).hasSize(1000);
    }

    @Test
    void aReaderThatLeftTakesNothing() {
        var reader = read(0);
        reader.cancel();
        frames.offer(data("12345678"));
        frames.offer(data("12345678"));
        assertThat(overflows).hasValue(0);
    }
}
