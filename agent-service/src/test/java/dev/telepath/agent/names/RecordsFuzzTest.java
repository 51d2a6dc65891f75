package dev.telepath.agent.names;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.telepath.fuzz.Mutations;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Whatever name a client asks for: it is an address turned round or it is not, and it can be packed. */
class RecordsFuzzTest {
    @FuzzTest
    void reversed(byte[] input) {
        String name = new String(input, StandardCharsets.UTF_8);
        Records.reversed(name)
                .ifPresent(address ->
                        assertThat(Records.address(name, address).size()).isGreaterThan(address.getAddress().length));
        assertThat(Records.pointer(name, name).isEmpty()).isFalse();
    }

    @Test
    void mutatedNamesAreAddressesOrNot() {
        Mutations.of(RecordsFuzzTest.class, "reversed", this::reversed);
    }
}
