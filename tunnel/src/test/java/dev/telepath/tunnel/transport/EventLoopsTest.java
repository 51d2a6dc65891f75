package dev.telepath.tunnel.transport;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EventLoopsTest {
    @ParameterizedTest
    @CsvSource({"0, 1, 1", "0, 2, 1", "0, 3, 3", "0, 16, 16", "1, 16, 1", "4, 2, 4"})
    void thereIsOneWhereProcessorsAreFewAndElseOneForEachUnlessTheUserSaysHowMany(
            int asked, int processors, int loops) {
        assertThat(EventLoops.number(asked, processors)).isEqualTo(loops);
    }
}
