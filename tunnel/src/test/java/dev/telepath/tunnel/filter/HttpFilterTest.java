package dev.telepath.tunnel.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HttpFilterTest {
    private static final HttpFilter ALICE = headers("X-User", "alice");

    private static HttpFilter headers(String name, String value) {
        return HttpFilter.of(Map.of(name, value), List.of(), List.of());
    }

    private static HttpFilter paths(String... paths) {
        return HttpFilter.of(Map.of(), List.of(paths), List.of());
    }

    private static RequestHead request(String method, String path, Map<String, String> headers) {
        return new RequestHead(method, path, headers);
    }

    private static RequestHead path(String path) {
        return request("GET", path, Map.of());
    }

    @Test
    void aHeaderMatchesByItsWholeValueAndWhateverTheCaseOfItsName() {
        assertThat(ALICE.matches(request("GET", "/", Map.of("x-user", "alice"))))
                .isTrue();
        assertThat(ALICE.matches(request("GET", "/", Map.of("x-user", "alice2"))))
                .isFalse();
        assertThat(ALICE.matches(path("/"))).isFalse();
    }

    @Test
    void aValueWithMarksOfExpressionsIsOneAndIsFoundAnywhere() {
        assertThat(headers("x-user", "al+i").matches(request("GET", "/", Map.of("x-user", "my-allice"))))
                .isTrue();
        assertThat(headers("x-user", "^al").matches(request("GET", "/", Map.of("x-user", "my-allice"))))
                .isFalse();
        assertThat(headers("x-user", ".*").matches(path("/")))
                .as("an absent header")
                .isFalse();
    }

    @Test
    void dotsAloneMakeNoExpression() {
        assertThat(headers("host", "a.example.com").matches(request("GET", "/", Map.of("host", "a.example.com"))))
                .isTrue();
        assertThat(headers("host", "a.example.com").matches(request("GET", "/", Map.of("host", "a-example.com"))))
                .isFalse();
    }

    @Test
    void onePathOfSeveralIsEnough() {
        var filter = paths(":path-equal:/a", ":path-prefix:/b/", ":path-regex:^/c/\\d+$", "/d");
        assertThat(List.of("/a", "/b/x", "/c/12", "/d")).allMatch(each -> filter.matches(path(each)));
        assertThat(List.of("/a/", "/b", "/c/x", "/d/e", "/")).noneMatch(each -> filter.matches(path(each)));
    }

    @Test
    void allPartsMustMatch() {
        var filter = HttpFilter.of(Map.of("x-user", "alice"), List.of(":path-prefix:/api"), List.of("post", "PUT"));
        assertThat(filter.matches(request("POST", "/api", Map.of("x-user", "alice"))))
                .isTrue();
        assertThat(filter.matches(request("GET", "/api", Map.of("x-user", "alice"))))
                .isFalse();
        assertThat(filter.matches(request("PUT", "/", Map.of("x-user", "alice"))))
                .isFalse();
        assertThat(filter.matches(request("PUT", "/api", Map.of()))).isFalse();
        assertThat(filter.describe()).isEqualTo("POST or PUT, path starts with /api, x-user = alice");
    }

    @Test
    void thePathIsThatOfTheTarget() {
        assertThat(RequestHead.pathOf("/a/b?c=/d#e")).isEqualTo("/a/b");
        assertThat(RequestHead.pathOf("http://host:80/a?b")).isEqualTo("/a");
        assertThat(RequestHead.pathOf("http://host")).isEqualTo("/");
        assertThat(RequestHead.pathOf("*")).isEqualTo("*");
        assertThat(RequestHead.pathOf("host:443")).isEmpty();
    }

    @Test
    void whatCannotBeUsedIsToldWithItsName() {
        assertRefused(() -> headers("x user", "a"), "x user");
        assertRefused(() -> headers("x-user", ""), "x-user");
        assertRefused(() -> headers("x-user", " a"), "x-user");
        assertRefused(() -> headers("x-user", "a\nb"), "x-user");
        assertRefused(() -> headers("x-user", "(a"), "(a");
        assertRefused(() -> paths(":path-prefix:api"), "api");
        assertRefused(() -> paths("/a?b"), "/a?b");
        assertRefused(() -> paths(":path-regex:"), "expression");
        assertRefused(() -> paths(":path-regex:" + "a".repeat(1025)), "1024");
        assertRefused(() -> paths(":path-regex:((a{100}){100}){100}"), "repeats");
        assertRefused(() -> HttpFilter.of(Map.of(), List.of(), List.of("GE T")), "GE T");
        assertRefused(() -> HttpFilter.of(Map.of("a", "1", "A", "2"), List.of(), List.of()), "twice");
        var many = IntStream.range(0, 33).boxed().collect(Collectors.toMap(i -> "h" + i, i -> "v"));
        assertRefused(() -> HttpFilter.of(many, List.of(), List.of()), "32");
    }

    private static void assertRefused(Runnable parse, String named) {
        assertThatThrownBy(parse::run).isInstanceOf(InvalidFilter.class).hasMessageContaining(named);
    }
}
