package dev.telepath.client.kubernetes;

/** The service account whose tokens a client brings to its manager. */
record ServiceAccountName(String namespace, String name) {
    /**
     * @param text {@code [NAMESPACE/]NAME}
     * @param managers namespace of the manager, where the account is unless it says otherwise
     */
    static ServiceAccountName of(String text, String managers) {
        int slash = text.indexOf('/');
        return slash < 0
                ? new ServiceAccountName(managers, text)
                : new ServiceAccountName(text.substring(0, slash), text.substring(slash + 1));
    }
}
