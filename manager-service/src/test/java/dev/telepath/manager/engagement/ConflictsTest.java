package dev.telepath.manager.engagement;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import org.junit.jupiter.api.Test;

class ConflictsTest {
    private static InterceptSpec.Builder web(int port) {
        return InterceptSpec.newBuilder()
                .setAgent("web")
                .setNamespace("default")
                .setContainerPort(port);
    }

    private static boolean conflict(InterceptSpec.Builder one, InterceptSpec.Builder other) {
        boolean result = Conflicts.between(one.build(), other.build());
        assertThat(Conflicts.between(other.build(), one.build())).isEqualTo(result);
        return result;
    }

    @Test
    void samePortOfTheSameWorkloadConflicts() {
        assertThat(conflict(web(8080), web(8080))).isTrue();
        assertThat(conflict(web(8080), web(8080).setProtocol("TCP"))).isTrue();
    }

    @Test
    void otherPortProtocolWorkloadOrNamespaceDoesNot() {
        assertThat(conflict(web(8080), web(8081))).isFalse();
        assertThat(conflict(web(8080), web(8080).setProtocol("UDP"))).isFalse();
        assertThat(conflict(web(8080), web(8080).setAgent("api"))).isFalse();
        assertThat(conflict(web(8080), web(8080).setNamespace("other"))).isFalse();
    }

    @Test
    void wiretapsNeverConflict() {
        assertThat(conflict(web(8080), web(8080).setWiretap(true))).isFalse();
    }

    @Test
    void filtersConflictWhenARequestCanMatchBoth() {
        var bob = web(8080).putHeaderFilters("x-user", "bob");
        assertThat(conflict(bob, web(8080).putHeaderFilters("x-user", "eve"))).isFalse();
        assertThat(conflict(bob, web(8080).putHeaderFilters("x-user", "^b"))).isTrue();
        assertThat(conflict(bob, web(8080).putHeaderFilters("x-user", "bob").putHeaderFilters("x-team", "a")))
                .isTrue();
        assertThat(conflict(bob, web(8080).addPathFilters("/api"))).isTrue();
        assertThat(conflict(bob, web(8080))).isTrue();
    }

    @Test
    void pathsAndMethodsThatExcludeEachOtherDoNot() {
        assertThat(conflict(web(8080).addPathFilters("/a"), web(8080).addPathFilters("/b")))
                .isFalse();
        assertThat(conflict(web(8080).addPathFilters("/a"), web(8080).addPathFilters(":path-prefix:/")))
                .isTrue();
        assertThat(conflict(web(8080).addHttpMethods("GET"), web(8080).addHttpMethods("POST")))
                .isFalse();
    }

    private static boolean replacementConflict(
            InterceptSpec.Builder one, InterceptSpec.Builder other, boolean sameClient) {
        boolean result = Conflicts.byReplacement(one.build(), other.build(), sameClient);
        assertThat(Conflicts.byReplacement(other.build(), one.build(), sameClient))
                .isEqualTo(result);
        return result;
    }

    @Test
    void aReplacementConflictsWithEveryInterceptOfTheWorkloadWhateverThePort() {
        var replaced = web(8080).setReplace(true);
        assertThat(replacementConflict(replaced, web(8081), false)).isTrue();
        assertThat(replacementConflict(replaced, web(8081), true)).isTrue();
        assertThat(replacementConflict(replaced, web(8081).setReplace(true), false))
                .isTrue();
    }

    @Test
    void aReplacementLeavesWiretapsOtherWorkloadsAndItsOwnFurtherPortsAlone() {
        var replaced = web(8080).setReplace(true);
        assertThat(replacementConflict(replaced, web(8080).setWiretap(true), false))
                .isFalse();
        assertThat(replacementConflict(replaced, web(8080).setAgent("api"), false))
                .isFalse();
        assertThat(replacementConflict(replaced, web(8081).setReplace(true), true))
                .isFalse();
        assertThat(replacementConflict(web(8080), web(8081), false)).isFalse();
    }
}
