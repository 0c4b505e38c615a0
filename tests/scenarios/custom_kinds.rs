//! Kinds that are not built in: defined by CustomResourceDefinitions, or stored although nobody defined them.

use super::run_text;

const DEFINITION: &str = r"
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { kind: Widget, plural: widgets, singular: widget, shortNames: [ wd ] }
  versions:
    - name: v1
      served: true
      storage: true
      additionalPrinterColumns:
        - { name: Size, type: integer, jsonPath: .spec.size }
        - { name: Age, type: date, jsonPath: .metadata.creationTimestamp }
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [ size ]
              properties:
                size: { type: integer, minimum: 1 }
                color: { type: string, default: red }
---
apiVersion: example.com/v1
kind: Widget
metadata: { name: small, labels: { app: shop } }
spec: { size: 3 }
";

fn outputs(spec: &str, manifests: &str) -> Vec<String> {
    let text = format!("apiVersion: kubelapse/v1\nkind: Scenario\nspec:\n{spec}{manifests}");
    run_text(&text).0.steps.into_iter().map(|step| step.output).collect()
}

#[test]
fn a_definition_gives_its_kind_columns_defaults_and_validation() {
    let printed = outputs(
        r#"  until: 2m
  steps:
    - at: 1m
      mayFail: true
      kubectl:
        - get wd -l app=shop
        - get widgets.example.com small -o jsonpath={.apiVersion},{.spec.color}
        - describe widget small
        - "patch widget small --type=merge -p '{\"spec\":{\"size\":5}}'"
        - get crd widgets.example.com -o jsonpath='{.status.conditions[?(@.type=="Established")].status}'
        - "patch widget small --type=merge -p '{\"spec\":{\"size\":0}}'"
        - delete crd widgets.example.com
        - get widgets
"#,
        DEFINITION,
    );
    assert_eq!(printed[0], "NAME    SIZE   AGE\nsmall   3      60s\n");
    assert_eq!(printed[1], "example.com/v1,red");
    for line in ["API Version:  example.com/v1\n", "Kind:         Widget\n", "Spec:\n  Color:  red\n  Size:   3\n"] {
        assert!(printed[2].contains(line), "{line} in {}", printed[2]);
    }
    assert_eq!(printed[3], "widget.example.com/small patched\n");
    assert_eq!(printed[4], "True");
    assert_eq!(
        printed[5],
        "The Widget \"small\" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1\n"
    );
    assert_eq!(printed[6], "customresourcedefinition.apiextensions.k8s.io \"widgets.example.com\" deleted\n");
    assert_eq!(printed[7], "error: the server doesn't have a resource type \"widgets\"\n");
}

#[test]
fn a_definition_may_have_rules_composed_schemas_and_a_scale() {
    let definition = DEFINITION
        .replace("type: integer, minimum: 1 }", "type: integer, minimum: 1 }\n                when: { type: string, format: date-time }")
        .replace(
            "              required: [ size ]\n",
            r#"              required: [ size ]
              not: { required: [ forbidden ] }
              x-kubernetes-validations:
                - { rule: "self.size < 9", messageExpression: "'size ' + string(self.size) + ' is too much'" }
                - { rule: "self.color == oldSelf.color", message: color stays }
"#,
        )
        .replace("      schema:\n", "      subresources:\n        scale: { specReplicasPath: .spec.size, statusReplicasPath: .status.size }\n      schema:\n");
    let printed = outputs(
        r#"  until: 2m
  steps:
    - at: 1m
      mayFail: true
      kubectl: [ scale widget small --replicas=4, get widget small ]
    - at: 70s
      mayFail: true
      kubectl: "patch widget small --type=merge -p '{\"spec\":{\"size\":9}}'"
    - at: 80s
      mayFail: true
      kubectl: "patch widget small --type=merge -p '{\"spec\":{\"color\":\"blue\"}}'"
    - at: 90s
      mayFail: true
      kubectl: "patch widget small --type=merge -p '{\"spec\":{\"when\":\"soon\"}}'"
"#,
        &definition,
    );
    assert_eq!(printed[0], "widget.example.com/small scaled\n");
    assert_eq!(printed[1], "NAME    SIZE   AGE\nsmall   4      60s\n");
    let invalid = |what: &str| format!("The Widget \"small\" is invalid: {what}\n");
    assert_eq!(printed[2], invalid("spec: Invalid value: \"object\": size 9 is too much"));
    assert_eq!(printed[3], invalid("spec: Invalid value: \"object\": color stays"));
    assert!(printed[4].contains("spec.when in body must be of type date-time: \"soon\""), "{}", printed[4]);
}

#[test]
fn objects_of_unknown_kinds_are_stored_if_the_scenario_wants_it() {
    let object = "---\napiVersion: monitoring.example.com/v1\nkind: Policy\nmetadata: { name: all }\nspec: { endpoints: [ { port: web } ] }\n";
    let printed = outputs(
        "  until: 2m\n  cluster: { unknownKinds: store }\n  steps: [ { at: 1m, kubectl: get policies } ]\n",
        object,
    );
    assert_eq!(printed, ["NAME   AGE\nall    60s\n"]);
}
