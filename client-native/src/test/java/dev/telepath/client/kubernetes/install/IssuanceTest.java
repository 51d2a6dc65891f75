package dev.telepath.client.kubernetes.install;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What cert-manager 1.11 wrote in a cluster. */
class IssuanceTest {
    private static final ObjectMapper YAML = new YAMLMapper();
    private static final String ISSUING = "{type: Ready, status: 'False', reason: DoesNotExist,"
            + " message: Issuing certificate as Secret does not exist}, {type: Issuing, status: 'True'}";

    private static Issuance issuance(String conditions, String... requests) throws Exception {
        var all = new ArrayList<JsonNode>();
        for (int i = 0; i < requests.length; i++) {
            all.add(YAML.readTree("""
                    metadata:
                      creationTimestamp: 2026-11-30T03:4%d:00Z
                      annotations: {cert-manager.io/certificate-name: telepath-manager}
                    status: {conditions: [%s]}""".formatted(i, requests[i])));
        }
        return new Issuance(
                YAML.readTree("{metadata: {name: telepath-manager}, status: {conditions: [" + conditions + "]}}"),
                List.copyOf(all));
    }

    @Test
    void whatIsIssuedIsDone() throws Exception {
        Issuance issued = issuance("{type: Ready, status: 'True'}", "{type: Ready, status: 'True'}");
        assertThat(issued.done()).isTrue();
        assertThat(issued.trouble()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "type: Ready, status: 'False', reason: Pending, message: 'Referenced \"Issuer\" not found'"
                        + " | Referenced \"Issuer\" not found",
                "type: Denied, status: 'True', reason: x, message: no policy | no policy",
                "type: Ready, status: 'False', reason: Failed, message: bad name | bad name"
            })
    void aRequestThatComesToNothingIsToldInCertManagersWords(String condition, String told) throws Exception {
        assertThat(issuance(ISSUING, "{type: Approved, status: 'True'}", "{" + condition + "}")
                        .trouble())
                .hasValueSatisfying(each -> {
                    assertThat(each.cause()).endsWith("certificate: " + told);
                    assertThat(each.hint()).contains("issuerRef");
                });
    }

    @Test
    void aCertificateThatFailedIsTold() throws Exception {
        assertThat(issuance("{type: Issuing, status: 'False', reason: Failed, message: will be retried}")
                        .trouble())
                .hasValueSatisfying(each -> assertThat(each.cause()).endsWith("will be retried"));
    }

    @Test
    void theRequestBeforeTheLastTellsNothing() throws Exception {
        assertThat(issuance(
                                ISSUING,
                                "{type: Ready, status: 'False', reason: Failed, message: before}",
                                "{type: Ready, status: 'False', reason: Pending, message: Waiting on the order}")
                        .trouble())
                .isEmpty();
    }

    @Test
    void whatGoesOnIsProgress() throws Exception {
        Issuance waiting = issuance(ISSUING, "{type: Ready, status: 'False', reason: Pending, message: Waiting}");
        assertThat(waiting.done()).isFalse();
        assertThat(waiting.progress()).isEqualTo("cert-manager makes the manager's certificate: Waiting");
        assertThat(issuance(ISSUING).progress()).endsWith("Secret does not exist");
        assertThat(issuance("").progress()).endsWith("it has not looked at it");
    }
}
