package dev.telepath.client.kubernetes.install;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RequestsTest {
    @Test
    void aRefusalIsToldWholeOnOneLineOfBoundedLength() {
        var status =
                new Requests.Answer(403, "{\"message\": \"user x grants too much:\\n{pods [get]}\\n{nodes [get]}\"}");
        assertThat(status.message()).isEqualTo("user x grants too much: {pods [get]} {nodes [get]}");
        assertThat(new Requests.Answer(502, "<html>\nbad gateway").message()).isEqualTo("<html> bad gateway");
        assertThat(new Requests.Answer(500, "x".repeat(10_000)).message()).hasSizeLessThan(700);
        assertThat(new Requests.Answer(500, "").json().isMissingNode()).isTrue();
    }
}
