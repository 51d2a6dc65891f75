package dev.telepath.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ProcessMemoryTest {
    private static final String HISTOGRAM = """
            15409:
             num     #instances         #bytes  class name (module)
            -------------------------------------------------------
               1:           414        8428704  [Ljdk.internal.vm.FillerElement; (java.base@25.0.3)
               2:         48932        7448216  [B (java.base@25.0.3)
               3:             2             32  jdk.internal.vm.FillerElement (java.base@25.0.3)
               4:          1000          32000  dev.telepath.tunnel.carry.Acceptor$Past
            Total         50348       15908952
            """;

    @Test
    void theGapsOfACollectionAreNoObjects() {
        assertThat(ProcessMemory.liveBytes(HISTOGRAM)).isEqualTo(7448216 + 32000);
    }

    @Test
    void whatIsNoHistogramIsNotTakenForOne() {
        assertThatThrownBy(() -> ProcessMemory.liveBytes("15409: No such process\n"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("told no live heap");
    }
}
