package dev.telepath.manager.security;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ServerCall;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeldCallTest {
    private final List<String> events = new ArrayList<>();
    private final ServerCall.Listener<String> listener = new ServerCall.Listener<>() {
        @Override
        public void onMessage(String message) {
            events.add(message);
        }

        @Override
        public void onHalfClose() {
            events.add("half-close");
        }

        @Override
        public void onCancel() {
            events.add("cancel");
        }

        @Override
        public void onReady() {
            events.add("ready");
        }
    };

    @Test
    void whatComesMeanwhileIsToldInOrderOnceTheCallGoesOn() {
        var held = new HeldCall<String>();
        held.onReady();
        held.onMessage("one");
        held.onHalfClose();
        assertThat(events).isEmpty();
        held.start(listener);
        held.onCancel();
        assertThat(events).containsExactly("ready", "one", "half-close", "cancel");
    }
}
