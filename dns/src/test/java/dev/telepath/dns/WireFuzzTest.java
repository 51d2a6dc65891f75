package dev.telepath.dns;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.ByteString;
import dev.telepath.fuzz.Mutations;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Whatever peers, name servers and programs send: what is read can be written, and is the same when it is read again. */
class WireFuzzTest {
    @FuzzTest
    void unpack(byte[] packed) {
        List<ResourceRecord> records = ResourceRecord.unpack(ByteString.copyFrom(packed));
        assertThat(ResourceRecord.unpack(ResourceRecord.pack(records))).isEqualTo(records);
        assertThat(ResourceRecord.addresses(records)).doesNotContainNull();
    }

    /** The query is the one that the message would answer. */
    @FuzzTest
    void response(byte[] message) {
        Query.parse(message)
                .map(asked -> Query.of(asked.name(), asked.type(), 0))
                .ifPresent(query -> {
                    if (query.isAnsweredBy(message, Query.short16(message, 0))) {
                        List<ResourceRecord> records =
                                Response.read(query, message).records();
                        ByteString packed = ResourceRecord.pack(records);
                        assertThat(packed.size()).isLessThanOrEqualTo(TcpMessages.MOST);
                        assertThat(ResourceRecord.unpack(packed)).isEqualTo(records);
                    }
                });
    }

    @FuzzTest
    void reversed(byte[] input) {
        String name = new String(input, StandardCharsets.UTF_8).toLowerCase(Locale.ROOT);
        ReverseName.address(name)
                .ifPresent(address ->
                        assertThat(ReverseName.address(ReverseName.of(address))).contains(address));
    }

    @Test
    void mutatedRecordsAreReadToWhereTheyAreDamaged() {
        Mutations.of(WireFuzzTest.class, "unpack", this::unpack);
    }

    @Test
    void mutatedAnswersAreReadOrRefused() {
        Mutations.of(WireFuzzTest.class, "response", this::response);
    }

    @Test
    void mutatedNamesAreAddressesOrNot() {
        Mutations.of(WireFuzzTest.class, "reversed", this::reversed);
    }
}
