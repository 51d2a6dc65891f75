package dev.telepath.tunnel.macos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Against sys/un.h and sys/socket.h of macOS as they are published. */
class SocketLayoutTest {
    private static final SocketLayout MACOS = SocketLayout.MACOS;

    @Test
    void anAddressBeginsWithItsLengthAndItsFamily() {
        assertThat(HexFormat.of().formatHex(MACOS.address(Path.of("/a/b")))).isEqualTo("07" + "01" + "2f612f62" + "00");
    }

    @Test
    void aPathThatDoesNotFitIsRefused() {
        assertThat(MACOS.address(Path.of("/" + "x".repeat(102)))).hasSize(106);
        assertThatThrownBy(() -> MACOS.address(Path.of("/" + "x".repeat(103))))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aControlMessageHasLengthLevelTypeAndDescriptor() {
        assertThat(HexFormat.of().formatHex(MACOS.message(9)))
                .isEqualTo("10000000" + "ffff0000" + "01000000" + "09000000");
    }

    @Property
    void whatWasWrittenIsRead(@ForAll int descriptor) {
        assertThat(MACOS.descriptor(MACOS.message(descriptor), 16)).hasValue(descriptor);
    }

    @Test
    void anotherOrNoMessageHasNoDescriptor() {
        assertThat(MACOS.descriptor(MACOS.message(9), 0)).isEmpty();
        assertThat(MACOS.descriptor(MACOS.message(9), 12)).isEmpty();
        byte[] credentials = MACOS.message(9);
        credentials[8] = 3;
        assertThat(MACOS.descriptor(credentials, 16)).isEmpty();
        byte[] two = MACOS.message(9);
        two[0] = 20;
        assertThat(MACOS.descriptor(two, 16)).isEmpty();
    }
}
