package dev.telepath.tunnel.resume;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.jspecify.annotations.NullUnmarked;

@NullUnmarked
class ReplayBufferTest {
    @Property(tries = 500)
    void whateverIsReleasedAndRewoundEachTakeIsTheNextBytesNotSent(@ForAll @LongRange(min = 0) long seed) {
        var random = new Random(seed);
        var buffer = new ReplayBuffer();
        var all = new ByteArrayOutputStream();
        long sent = 0;
        long start = 0;
        for (int step = 0; step < 200; step++) {
            switch (random.nextInt(4)) {
                case 0 -> {
                    byte[] more = new byte[random.nextInt(50)];
                    random.nextBytes(more);
                    all.writeBytes(more);
                    buffer.append(ByteString.copyFrom(more), null);
                }
                case 1 -> {
                    ByteString taken = buffer.take(1 + random.nextInt(60));
                    byte[] expected = Arrays.copyOfRange(all.toByteArray(), (int) sent, (int) sent + taken.size());
                    assertThat(taken.toByteArray()).isEqualTo(expected);
                    sent += taken.size();
                }
                case 2 -> {
                    long offset = random.nextLong(0, all.size() + 1);
                    buffer.release(offset);
                    start = Math.max(start, offset);
                    sent = Math.max(sent, start);
                }
                default -> {
                    buffer.rewind();
                    sent = start;
                }
            }
            assertThat(buffer.start()).isEqualTo(start);
            assertThat(buffer.sent()).isEqualTo(sent);
            assertThat(buffer.end()).isEqualTo(all.size());
        }
    }
}
