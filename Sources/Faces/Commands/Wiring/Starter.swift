/// The workspace that `init` makes: this project's own example, kept in the program.
enum Starter {
    static let files: [(path: String, bytes: [UInt8])] = [
        ("stepgate.yaml", PackageResources.stepgate_yaml_txt),
        ("Lists/vip.csv", PackageResources.vip_csv_txt),
        ("Policies/message-triage.yaml", PackageResources.message_triage_yaml_txt),
        (
            "Policies/message-triage.examples.jsonl",
            PackageResources.message_triage_examples_jsonl_txt
        ),
        (
            "Policies/message-triage.messages.jsonl",
            PackageResources.message_triage_messages_jsonl_txt
        ),
        ("Policies/message-triage.cases.yaml", PackageResources.message_triage_cases_yaml_txt),
        ("Policies/refund-limit.cases.yaml", PackageResources.refund_limit_cases_yaml_txt),
        ("Policies/refund-limit.yaml", PackageResources.refund_limit_yaml_txt),
        ("Flows/support-triage.yaml", PackageResources.flow_support_triage_yaml_txt),
        ("Flows/refund.yaml", PackageResources.flow_refund_yaml_txt),
        ("Flows/onboarding.yaml", PackageResources.flow_onboarding_yaml_txt),
        ("Prompts/message-triage.prompt", PackageResources.message_triage_prompt_txt),
    ]
}
