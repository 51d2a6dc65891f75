package dev.telepath.client.direct;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.DirectAgent;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ListedAgentTest {
    private static DirectAgent.Builder told() {
        return DirectAgent.newBuilder()
                .setSessionId("agent")
                .setWorkload("web")
                .setAddress(ByteString.copyFrom(new byte[] {10, 0, 0, 1}))
                .setPort(4222)
                .setFingerprint(ByteString.copyFrom(new byte[32]));
    }

    private static Optional<ListedAgent.PodPort> pod(String namespace, String pod, int port) {
        return ListedAgent.of(told().setNamespace(namespace)
                        .setPod(pod)
                        .setLoopbackPort(port)
                        .build())
                .orElseThrow()
                .pod();
    }

    @Test
    void anAgentOfAPodHasIt() {
        assertThat(pod("shop", "web-7d9f.x-2", 41_000))
                .contains(new ListedAgent.PodPort("shop", "web-7d9f.x-2", 41_000));
        assertThat(ListedAgent.of(told().build()).orElseThrow().pod()).isEmpty();
    }

    /** They become part of a path that the user's rights go with. */
    @ParameterizedTest
    @CsvSource({
        "shop, ../../secrets/x, 1",
        "shop, 'web?x=', 1",
        "shop, web/exec, 1",
        "shop, Web, 1",
        "shop, .., 1",
        "shop, web%2f, 1",
        "shop/pods, web, 1",
        "'..', web, 1",
        "'', web, 1",
        "shop, '', 1",
        "shop, web, 0",
        "shop, web, -1",
        "shop, web, 65536"
    })
    void namesThatCannotBeAndPortsOutOfRangeLeadToNoPod(String namespace, String pod, int port) {
        assertThat(pod(namespace, pod, port)).isEmpty();
    }

    @Test
    void namesAreAsLongAsTheyMayBe() {
        assertThat(pod("n".repeat(63), "p".repeat(253), 1)).isPresent();
        assertThat(pod("n".repeat(64), "p", 1)).isEmpty();
        assertThat(pod("n", "p".repeat(254), 1)).isEmpty();
    }

    @Test
    void anotherPodIsAnotherPlace() {
        ListedAgent one = ListedAgent.of(told().build()).orElseThrow();
        ListedAgent other = ListedAgent.of(told().setNamespace("shop")
                        .setPod("web")
                        .setLoopbackPort(1)
                        .build())
                .orElseThrow();
        assertThat(one.isAt(other)).isFalse();
        assertThat(other.isAt(other)).isTrue();
    }
}
