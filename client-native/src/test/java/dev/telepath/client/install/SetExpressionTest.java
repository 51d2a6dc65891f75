package dev.telepath.client.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.failure.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SetExpressionTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Expected results are those of helm 3.19. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a=b | {\"a\":\"b\"}",
                "a.b.c=1 | {\"a\":{\"b\":{\"c\":1}}}",
                "a=1,b=true,c=null,d= | {\"a\":1,\"b\":true,\"c\":null,\"d\":\"\"}",
                "a=007 | {\"a\":\"007\"}",
                "a=0 | {\"a\":0}",
                "a=-5 | {\"a\":-5}",
                "a=1.5 | {\"a\":\"1.5\"}",
                "a={b,c,1} | {\"a\":[\"b\",\"c\",1]}",
                "a={} | {\"a\":[]}",
                "a={b},c=d | {\"a\":[\"b\"],\"c\":\"d\"}",
                "a[0]=x | {\"a\":[\"x\"]}",
                "a[1]=x | {\"a\":[null,\"x\"]}",
                "a[0].b=x,a[0].c=y,a[1].b=z | {\"a\":[{\"b\":\"x\",\"c\":\"y\"},{\"b\":\"z\"}]}",
                "a[0][1]=x | {\"a\":[[null,\"x\"]]}",
                "settings.sessions\\.max=5 | {\"settings\":{\"sessions.max\":5}}",
                "a=b\\,c,d=e | {\"a\":\"b,c\",\"d\":\"e\"}",
                "a=x=y | {\"a\":\"x=y\"}",
                "a=\"b | {\"a\":\"\\\"b\"}"
            })
    void readsAsHelmDoes(String expression, String expected) throws Exception {
        ObjectNode values = JSON.createObjectNode();
        SetExpression.apply(expression, false, values);
        assertThat(values).isEqualTo(JSON.readTree(expected));
    }

    @Test
    void textsStayTexts() throws Exception {
        ObjectNode values = JSON.createObjectNode();
        SetExpression.apply("a=1,b=true,c={2,null}", true, values);
        assertThat(values).isEqualTo(JSON.readTree("{\"a\":\"1\",\"b\":\"true\",\"c\":[\"2\",\"null\"]}"));
    }

    @Test
    void whatIsThereAlreadyIsKeptBesideIt() throws Exception {
        var values = (ObjectNode) JSON.readTree("{\"a\":{\"b\":1},\"l\":[{\"x\":1},2]}");
        SetExpression.apply("a.c=2,l[0].y=3,l[1]=4", false, values);
        assertThat(values).isEqualTo(JSON.readTree("{\"a\":{\"b\":1,\"c\":2},\"l\":[{\"x\":1,\"y\":3},4]}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "a,b=1",
                "=1",
                ".a=1",
                "a.=1",
                "a[x]=1",
                "a[-1]=1",
                "a[99999999]=1",
                "a[0=1",
                "a={b",
                "a={b}c"
            })
    void whatHelmRefusesIsRefusedWithTheReason(String expression) {
        assertThatThrownBy(() -> SetExpression.apply(expression, false, JSON.createObjectNode()))
                .isInstanceOf(Failure.class)
                .hasMessageContaining(expression);
    }
}
