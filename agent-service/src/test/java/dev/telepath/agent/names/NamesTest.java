package dev.telepath.agent.names;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.protocol.telepresence.manager.DNSRequest;
import dev.telepath.protocol.telepresence.manager.DNSResponse;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class NamesTest {
    private static DNSResponse answer(String name, int type) {
        return new Names(Runnable::run, 4)
                .answer(DNSRequest.newBuilder().setName(name).setType(type).build())
                .toCompletableFuture()
                .join();
    }

    @Test
    void anAddressIsAnsweredAsAPackedRecord() {
        var response = answer("localhost.", Records.A);
        assertThat(response.getRCode()).isZero();
        assertThat(HexFormat.of().formatHex(response.getRrs().toByteArray()))
                .isEqualTo("096c6f63616c686f737400" + "0001" + "0001" + "00000004" + "0004" + "7f000001");
    }

    @Test
    void unknownTypesAreNotImplementedAndUnknownNamesDoNotExist() {
        assertThat(answer("localhost.", 99).getRCode()).isEqualTo(Records.NOT_IMPLEMENTED);
        assertThat(answer("no-such-host.invalid.", Records.A).getRCode()).isEqualTo(Records.NAME_UNKNOWN);
        assertThat(answer("", Records.PTR).getRCode()).isEqualTo(Records.NAME_UNKNOWN);
    }

    @Test
    void reverseNamesAreRead() throws UnknownHostException {
        assertThat(Records.reversed("4.3.2.1.in-addr.arpa.")).contains(InetAddress.getByName("1.2.3.4"));
        assertThat(Records.reversed("1." + "0.".repeat(31) + "ip6.arpa"))
                .contains(InetAddress.getByAddress(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
        assertThat(Records.reversed("x.3.2.1.in-addr.arpa.")).isEmpty();
    }

    @Test
    void lookupsBeyondTheLimitFailAtOnce() {
        List<Runnable> waiting = new ArrayList<>();
        var names = new Names(waiting::add, 1);
        var first = names.addresses("localhost").toCompletableFuture();
        assertThat(names.addresses("localhost").toCompletableFuture()).isCompletedExceptionally();
        waiting.forEach(Runnable::run);
        assertThat(first.join()).isNotEmpty();
        names.addresses("localhost");
        assertThat(waiting).hasSize(2);
    }
}
