package dev.telepath.manager.dns;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.ByteString;
import dev.telepath.fuzz.Mutations;
import org.junit.jupiter.api.Test;

/** Whatever an agent answers to a look-up, the addresses before the damage are read. */
class ResourceRecordsFuzzTest {
    @FuzzTest
    void addresses(byte[] packed) {
        assertThat(ResourceRecords.addresses(ByteString.copyFrom(packed)))
                .allSatisfy(address -> assertThat(ResourceRecords.address(address.toByteArray()))
                        .isNotNull());
    }

    @Test
    void mutatedRecordsAreReadToWhereTheyAreDamaged() {
        Mutations.of(ResourceRecordsFuzzTest.class, "addresses", this::addresses);
    }
}
