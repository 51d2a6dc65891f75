package dev.telepath.tunnel.net;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.Frame;
import io.netty.channel.DefaultEventLoop;
import io.smallrye.mutiny.helpers.test.AssertSubscriber;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class UdpEndTest {
    private final DefaultEventLoop loop = new DefaultEventLoop();
    private final UdpEnd end = UdpEnd.accepted(loop, bytes -> {}, Duration.ofMinutes(1), Credit.standard());

    @AfterEach
    void stop() {
        end.close();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private void arrive(int count, int size) {
        loop.submit(() -> {
                    for (int i = 0; i < count; i++) {
                        end.received(ByteString.copyFrom(new byte[size]));
                    }
                })
                .awaitUninterruptibly();
    }

    @Test
    void datagramsThatNobodyAskedForAreKeptUpToACount() {
        arrive(UdpEnd.MAX_QUEUED + 3, 1);

        assertThat(end.dropped()).isEqualTo(3);
    }

    @Test
    void largeOnesAreKeptUpToTheirBytesAndThereIsRoomAgainOnceTheyAreTaken() {
        int fit = UdpEnd.MAX_QUEUED_BYTES / 60_000;
        arrive(fit + 2, 60_000);
        assertThat(end.dropped()).isEqualTo(2);

        var taken = AssertSubscriber.<Frame>create(fit);
        end.receive().subscribe(taken);
        taken.awaitItems(fit);
        arrive(fit + 1, 60_000);

        assertThat(end.dropped()).isEqualTo(3);
    }
}
