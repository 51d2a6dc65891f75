package dev.telepath.manager.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResourceRecordsTest {
    private static final Duration TTL = Duration.ofSeconds(10);

    private static InetAddress ip(String text) throws Exception {
        return InetAddress.getByName(text);
    }

    @Test
    void anAddressRecordHasItsWireForm() throws Exception {
        ByteString packed = ResourceRecords.pack("web.default.", TTL, List.of(ip("10.1.2.3")));

        assertThat(HexFormat.of().formatHex(packed.toByteArray()))
                .isEqualTo("03776562" + "0764656661756c74" + "00" + "0001" + "0001" + "0000000a" + "0004" + "0a010203");
    }

    @Test
    void whatIsPackedIsReadBack() throws Exception {
        ByteString packed = ResourceRecords.pack("web", TTL, List.of(ip("10.1.2.3"), ip("fd00::1")));

        assertThat(ResourceRecords.addresses(packed))
                .containsExactly(
                        ByteString.copyFrom(ip("10.1.2.3").getAddress()),
                        ByteString.copyFrom(ip("fd00::1").getAddress()));
    }

    @Test
    void malformedRecordsEndTheReading() throws Exception {
        ByteString good = ResourceRecords.pack("web", TTL, List.of(ip("10.1.2.3")));

        for (int cut = 0; cut < good.size(); cut++) {
            assertThat(ResourceRecords.addresses(good.substring(0, cut))).isEmpty();
        }
        assertThat(ResourceRecords.addresses(good.concat(ByteString.copyFrom(new byte[] {(byte) 0x80, 1}))))
                .hasSize(1);
    }

    @Test
    void aLabelHasAtMost63Bytes() {
        assertThatThrownBy(() -> ResourceRecords.pack("x".repeat(64), TTL, List.of(ip("::1"))))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aNameWithoutRecordsOfTheTypeIsNoError() throws Exception {
        var answer = OwnResolver.answer("web.", ResourceRecords.AAAA, List.of(ip("10.1.2.3")), TTL);

        assertThat(answer.getRCode()).isEqualTo(OwnResolver.NO_ERROR);
        assertThat(answer.getRrs()).isEqualTo(ByteString.EMPTY);
    }

    @Test
    void anUnknownNameIsANameError() {
        var own = new OwnResolver(Runnable::run, TTL);

        assertThat(own.resolve("nothing.invalid.", ResourceRecords.A)
                        .await()
                        .atMost(Duration.ofSeconds(20))
                        .getRCode())
                .isEqualTo(OwnResolver.NAME_ERROR);
        assertThat(own.resolve("localhost.", ResourceRecords.A)
                        .await()
                        .atMost(Duration.ofSeconds(20))
                        .getRrs())
                .isNotEqualTo(ByteString.EMPTY);
    }
}
