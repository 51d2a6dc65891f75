package dev.telepath.client.packet;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.telepath.fuzz.Mutations;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Whatever a program or the kernel puts on the device is dropped, or a packet all of which can be read, rewritten and answered. */
class PacketFuzzTest {
    private static final Endpoint FROM = Endpoint.ipv4(0x0a630001, 4711);
    private static final Endpoint TO = Endpoint.ipv4(0x0a63000a, 80);
    private static final Endpoint FROM6 = new Endpoint(0xfd99_0000_0000_0000L, 1, 4711);
    private static final Endpoint TO6 = new Endpoint(0xfd99_0000_0000_0000L, 10, 80);

    /** One packet after the other, each behind two bytes of its length. */
    @FuzzTest
    void packets(byte[] bytes) {
        var packet = new Packet();
        var reassembly = new Reassembly();
        ByteBuffer all = ByteBuffer.wrap(bytes);
        for (long now = 0; all.remaining() >= 2; now++) {
            byte[] one = new byte[Math.min(all.getShort() & 0xffff, all.remaining())];
            all.get(one);
            if (!packet.read(ByteBuffer.wrap(one))) {
                continue;
            }
            assertThat(packet.bytes().limit()).isLessThanOrEqualTo(one.length);
            assertThat(packet.source().toString()).isNotBlank();
            assertThat(packet.destination().toString()).isNotBlank();
            if (!packet.isFragment()) {
                whole(packet);
                continue;
            }
            Optional<ByteBuffer> joined = reassembly.add(packet, now);
            if (joined.isPresent() && packet.read(joined.get()) && !packet.isFragment()) {
                whole(packet);
            }
        }
    }

    private static void whole(Packet packet) {
        ByteBuffer bytes = packet.bytes();
        int length = bytes.limit();
        switch (packet.protocol()) {
            case Packet.TCP -> {
                ByteBuffer reset = Answers.reset(packet);
                assertThat(Raw.isSound(reset)).as("the reset's sums").isTrue();
                boolean sound = !hasExtensions(packet) && Raw.isSound(bytes);
                packet.rewriteTcp(packet.isIpv4() ? FROM : FROM6, packet.isIpv4() ? TO : TO6);
                assertThat(packet.destination()).isEqualTo(packet.isIpv4() ? TO : TO6);
                assertThat(bytes.limit()).isEqualTo(length);
                if (sound) {
                    assertThat(Raw.isSound(bytes)).as("sums after rewriting").isTrue();
                }
            }
            case Packet.UDP -> {
                assertThat(packet.udpPayload().length).isLessThan(length);
                assertThat(Answers.portUnreachable(packet).limit()).isPositive();
            }
            case Packet.ICMP, Packet.ICMPV6 -> {
                if (packet.isEchoRequest()) {
                    assertThat(Answers.echo(packet).limit()).isLessThanOrEqualTo(length);
                }
            }
            default -> assertThat(packet.transport()).isLessThanOrEqualTo(length);
        }
    }

    /** Of IPv6: the sums are not where {@link Raw} looks. */
    private static boolean hasExtensions(Packet packet) {
        return !packet.isIpv4() && packet.transport() != Packet.IPV6_HEADER;
    }

    @Test
    void mutatedPacketsAreDroppedOrReadRewrittenAndAnswered() {
        Mutations.of(PacketFuzzTest.class, "packets", this::packets);
    }
}
