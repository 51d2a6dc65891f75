package dev.telepath.tunnel.macos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Against sys/kern_control.h as it is published; all Macs have the low byte first. */
class KernelControlTest {
    @Test
    void aQuestionForAControlHasRoomForItsNumberAndItsName() {
        byte[] info = KernelControl.info(KernelControl.UTUN);
        assertThat(info).hasSize(100).startsWith(0, 0, 0, 0).endsWith(new byte[96 - 26]);
        assertThat(new String(info, 4, 26, StandardCharsets.US_ASCII)).isEqualTo("com.apple.net.utun_control");
    }

    @Test
    void theRequestNumberTellsTheSizeOfTheQuestion() {
        int inAndOut = 0xC000_0000;
        int size = KernelControl.info(KernelControl.UTUN).length;
        assertThat((int) KernelControl.CTLIOCGINFO).isEqualTo(inAndOut | size << 16 | 'N' << 8 | 3);
        assertThat(KernelControl.CTLIOCGINFO).isPositive();
    }

    @Test
    void theNumberIsReadFromWhereTheSystemWritesIt() {
        byte[] info = KernelControl.info(KernelControl.UTUN);
        ByteBuffer.wrap(info).order(ByteOrder.nativeOrder()).putInt(0, 7);
        assertThat(KernelControl.id(info)).isEqualTo(7);
    }

    @Test
    void aNameThatDoesNotFitIsRefused() {
        assertThat(KernelControl.info("x".repeat(95))).hasSize(100);
        assertThatThrownBy(() -> KernelControl.info("x".repeat(96))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void anAddressHasLengthFamilyAndKindInFrontOfNumberAndUnit() {
        assertThat(HexFormat.of().formatHex(KernelControl.address(5, 0x0102)))
                .isEqualTo("20" + "20" + "0200" + "05000000" + "02010000" + "00".repeat(20));
    }
}
