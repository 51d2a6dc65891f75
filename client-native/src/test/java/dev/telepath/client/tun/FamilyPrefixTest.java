package dev.telepath.client.tun;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class FamilyPrefixTest {
    @Property
    void thePrefixIsTheFamilyOfThePacketHighByteFirst(
            @ForAll boolean ipv6, @ForAll @IntRange(max = 15) int low, @ForAll @Size(max = 100) byte[] rest) {
        ByteBuffer packet = ByteBuffer.allocate(1 + rest.length)
                .put((byte) ((ipv6 ? 6 : 4) << 4 | low))
                .put(rest)
                .flip();
        ByteBuffer prefix = FamilyPrefix.of(packet);
        assertThat(prefix.remaining()).isEqualTo(4);
        assertThat(prefix.getInt()).isEqualTo(ipv6 ? 30 : 2);
        assertThat(packet.position()).isZero();
        assertThat(packet.remaining()).isEqualTo(1 + rest.length);
        assertThat(FamilyPrefix.of(packet).remaining())
                .as("what one reader has read is there for the next")
                .isEqualTo(4);
    }
}
