package dev.telepath.client.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class PortForwardTest {
    private Instant now = Instant.EPOCH;
    private final ForwardProtocols protocols = new ForwardProtocols(() -> now);

    private boolean nextAsksForSpdy() {
        var next = new Forwarded(protocols);
        boolean spdy = next.request().startsWith("POST");
        next.channel.finishAndReleaseAll();
        return spdy;
    }

    @Property(tries = 200)
    void garbageInsteadOfAnAnswerEndsTheChannelOrWaitsForMore(@ForAll @Size(max = 400) byte[] garbage) {
        var forward = new Forwarded(protocols);
        forward.sent();
        try {
            forward.feed(garbage, 7);
        } catch (Exception expected) {
            assertThat(expected).isNotInstanceOf(NullPointerException.class);
        }
        assertThat(forward.active).isFalse();
        forward.channel.finishAndReleaseAll();
    }

    @Test
    void eventsPassButThoseOfTheApiServersTls() {
        var forward = new Forwarded(protocols);
        List<Object> seen = new ArrayList<>();
        forward.channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                seen.add(event);
            }
        });
        forward.channel.pipeline().fireUserEventTriggered(SslHandshakeCompletionEvent.SUCCESS);
        forward.channel.pipeline().fireUserEventTriggered("begin");
        assertThat(seen).containsExactly("begin");
        forward.channel.finishAndReleaseAll();
    }

    @Test
    void whereSpdyIsRefusedWebSocketsAreAskedForOnTheSameConnection() {
        var forward = new Forwarded(protocols);
        assertThat(forward.request()).startsWith("POST");
        forward.feed(Forwarded.refusal(400, "Upgrade request required", "keep-alive"));
        String second = forward.request();
        assertThat(second).startsWith("GET").contains("authorization: Bearer secret", "host: api:6443");
        forward.feed(Forwarded.webSocket(second));
        assertThat(forward.active).isTrue();
        assertThat(nextAsksForSpdy()).isFalse();
        forward.channel.finishAndReleaseAll();
    }

    @Test
    void whatRefusesSpdyAndEndsTheConnectionIsNotAskedForItAgainForAWhile() {
        var forward = new Forwarded(protocols);
        forward.request();
        assertThatThrownBy(() -> forward.feed(Forwarded.refusal(502, "no such upgrade", "close")))
                .isInstanceOf(PortForwardRefused.class);
        assertThat(forward.channel.isOpen()).isFalse();
        assertThat(protocols.changes()).isEqualTo(1);
        assertThat(nextAsksForSpdy()).isFalse();
        now = now.plus(ForwardProtocols.REFUSED);
        assertThat(nextAsksForSpdy()).isTrue();
    }

    @Test
    void whatEndsTheConnectionWithoutAnAnswerIsNotAskedForSpdyAgainForAWhile() {
        var forward = new Forwarded(protocols);
        forward.request();
        forward.channel.close();
        assertThat(protocols.changes()).isEqualTo(1);
        assertThat(nextAsksForSpdy()).isFalse();
    }

    @Test
    void whereNeitherIsTakenTheRefusalIsToldInTheApiServersWordsAndTheNextBeginsAnew() {
        var forward = new Forwarded(protocols);
        forward.request();
        String refusal = Forwarded.refusal(403, "pods m-0 is forbidden: no portforward", "keep-alive");
        forward.feed(refusal);
        forward.request();
        assertThatThrownBy(() -> forward.feed(refusal))
                .isInstanceOf(PortForwardRefused.class)
                .hasMessageContaining("403")
                .hasMessageContaining("pods m-0 is forbidden: no portforward")
                .extracting(refused -> ((PortForwardRefused) refused).status())
                .isEqualTo(403);
        assertThat(forward.channel.isOpen()).isFalse();
        assertThat(forward.active).isFalse();
        assertThat(nextAsksForSpdy()).isTrue();
    }

    @Test
    void aServerThatSwitchesToSomethingElseIsNoPortForward() {
        var forward = new Forwarded(protocols);
        forward.request();
        assertThatThrownBy(() -> forward.feed(Forwarded.spdy().replace("portforward.k8s.io", "v9.portforward")))
                .hasMessageContaining("does not offer portforward.k8s.io");
        assertThat(forward.channel.isOpen()).isFalse();
        assertThat(nextAsksForSpdy()).isFalse();
    }
}
